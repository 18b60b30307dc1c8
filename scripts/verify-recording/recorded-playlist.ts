/** An entry of a recording's playlist, of either kind. */
export interface PlaylistEntry {
  readonly uri: string;
  readonly durationMs: number;
  readonly atMs: number;
  readonly isDiscontinuous: boolean;
  readonly isGap: boolean;
  /** Which init segment holds. */
  readonly map: string | undefined;
  readonly range: { readonly byteLength: number; readonly offset: number } | undefined;
}

export interface RecordedPlaylist {
  /** Of tags that come once, by name: `#EXT-X-VERSION`. */
  readonly tags: ReadonlyMap<string, string>;
  readonly entries: readonly PlaylistEntry[];
  readonly isEnded: boolean;
}

/** Reads line by line, strictly: a tag that recordings do not have is an error. */
export function readRecordedPlaylist(text: string): RecordedPlaylist {
  const tags = new Map<string, string>();
  const entries: PlaylistEntry[] = [];
  let isEnded = false;
  let map: string | undefined;
  let next: { -readonly [K in keyof PlaylistEntry]?: PlaylistEntry[K] } = {};
  const lines = text.split('\n');
  if (lines.shift() !== '#EXTM3U') throw new Error('it does not begin with #EXTM3U');
  if (lines.pop() !== '') throw new Error('its last line is not complete');
  for (const line of lines) {
    const [, name = '', value = ''] = /^(#[A-Z0-9-]+):?(.*)$/.exec(line) ?? [];
    if (!line.startsWith('#')) {
      const { durationMs, atMs } = next;
      if (durationMs === undefined || atMs === undefined) {
        throw new Error(`${line} has no EXTINF or no EXT-X-PROGRAM-DATE-TIME`);
      }
      entries.push({
        uri: line,
        durationMs,
        atMs,
        isDiscontinuous: next.isDiscontinuous ?? false,
        isGap: next.isGap ?? false,
        map,
        range: next.range,
      });
      next = {};
    } else if (name === '#EXTINF') next.durationMs = milliseconds(value);
    else if (name === '#EXT-X-PROGRAM-DATE-TIME') next.atMs = Date.parse(value);
    else if (name === '#EXT-X-DISCONTINUITY') next.isDiscontinuous = true;
    else if (name === '#EXT-X-GAP') next.isGap = true;
    else if (name === '#EXT-X-MAP') map = /^URI="([^"]+)"$/.exec(value)?.[1];
    else if (name === '#EXT-X-BYTERANGE') {
      const [byteLength = 0, offset = 0] = value.split('@').map(Number);
      next.range = { byteLength, offset };
    } else if (name === '#EXT-X-ENDLIST') isEnded = true;
    else if (HEAD_TAGS.has(name) && !tags.has(name)) tags.set(name, value);
    else throw new Error(`${line} has no place in it`);
  }
  return { tags, entries, isEnded };
}

const HEAD_TAGS: ReadonlySet<string> = new Set([
  '#EXT-X-VERSION',
  '#EXT-X-TARGETDURATION',
  '#ID3-EQUIV-TDTG',
  '#EXT-X-PLAYLIST-TYPE',
  '#EXT-X-MEDIA-SEQUENCE',
  '#EXT-X-TWITCH-ELAPSED-SECS',
  '#EXT-X-TWITCH-TOTAL-SECS',
]);

function milliseconds(value: string): number {
  const [, seconds, fraction] = /^([0-9]+)\.([0-9]{3}),$/.exec(value) ?? [];
  if (seconds === undefined || fraction === undefined) throw new Error(`#EXTINF:${value}`);
  return Number(seconds) * 1000 + Number(fraction);
}
