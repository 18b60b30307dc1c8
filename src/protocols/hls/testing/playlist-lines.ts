import { ProtocolViolation } from '../../../lib/protocol-violation.ts';
import { excerpt } from '../attribute-list.ts';

/** Hours of parts, and far from what could hurt. */
const MAX_PLAYLIST_CHARACTERS = 4 * 1024 * 1024;

/** One line that counts: a tag with what follows its colon, or a URI. */
export type PlaylistLine =
  | { readonly kind: 'tag'; readonly name: string; readonly value: string; readonly text: string }
  | { readonly kind: 'uri'; readonly text: string };

/**
 * The lines of a playlist after `#EXTM3U`, without blank ones and comments (RFC 8216 4.1). Throws `ProtocolViolation`
 * when the text does not begin as a playlist, or exceeds 4 Mi characters.
 */
export function* playlistLines(text: string): Generator<PlaylistLine, void, undefined> {
  if (text.length > MAX_PLAYLIST_CHARACTERS) {
    throw new ProtocolViolation(
      `cannot read a playlist of ${text.length} characters: at most ${MAX_PLAYLIST_CHARACTERS} are allowed`,
    );
  }
  if (!/^#EXTM3U[\r\n]/.test(text)) {
    throw new ProtocolViolation(`cannot read a playlist: it begins with ${excerpt(text)}`);
  }
  let at = text.indexOf('\n') + 1;
  while (at > 0 && at < text.length) {
    const lineFeed = text.indexOf('\n', at);
    const end = lineFeed < 0 ? text.length : lineFeed;
    const line = text.slice(at, text[end - 1] === '\r' ? end - 1 : end);
    at = end + 1;
    if (line === '') continue;
    // RFC 8216 4.1: lines end in LF or CR LF.
    if (line.includes('\r')) {
      throw new ProtocolViolation(`cannot read a playlist: a bare CR in ${excerpt(line)}`);
    }
    if (!line.startsWith('#')) yield { kind: 'uri', text: line };
    else if (line.startsWith('#EXT')) yield tagOf(line);
  }
}

function tagOf(text: string): PlaylistLine {
  const colon = text.indexOf(':');
  return colon < 0
    ? { kind: 'tag', name: text, value: '', text }
    : { kind: 'tag', name: text.slice(0, colon), value: text.slice(colon + 1), text };
}
