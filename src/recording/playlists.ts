import { shownRenditionName } from '../domain/rendition-name.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import { quoted } from '../protocols/hls/attribute-list.ts';
import type { RecordingHead } from './journal.ts';
import type { RecordedRendition } from './recorded-rendition.ts';

/** Decimal EXTINF: 3. EXT-X-BYTERANGE: 4. EXT-X-MAP: 6. EXT-X-GAP: 8 (RFC 8216bis 8). */
const DECIMAL_VERSION = 3;
const BYTE_RANGE_VERSION = 4;
const MAP_VERSION = 6;
const GAP_VERSION = 8;

/** What is around the lines of a playlist has some hundred bytes. */
const MAX_AROUND_BYTES = 1024;

export const MASTER = 'master.m3u8';
export const BYTE_RANGE_MASTER = 'byte-range-multivariant.m3u8';
export const PLAYLIST = 'playlist.m3u8';
export const BYTE_RANGE_PLAYLIST = 'byte-range-variant.m3u8';

interface PlaylistOptions {
  readonly head: RecordingHead;
  readonly rendition: RecordedRendition;
  /** Nothing will be added. */
  readonly isEnded: boolean;
  readonly nowMs: number;
}

/** `playlist.m3u8`, with the lines that IVS's have: it can be played while it grows. */
export function renderPlaylist({ head, rendition, isEnded, nowMs }: PlaylistOptions): Uint8Array {
  const start = [
    '#EXTM3U',
    `#EXT-X-VERSION:${version(rendition, head, DECIMAL_VERSION)}`,
    `#EXT-X-TARGETDURATION:${head.targetDurationSeconds}`,
    // When this was written, in the form of ID3's TDTG.
    `#ID3-EQUIV-TDTG:${new Date(nowMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}`,
    '#EXT-X-PLAYLIST-TYPE:EVENT',
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-TWITCH-ELAPSED-SECS:0.000',
    `#EXT-X-TWITCH-TOTAL-SECS:${(rendition.listedMs / 1000).toFixed(3)}`,
  ];
  return playlistOf(start, rendition.lines, isEnded);
}

/** `byte-range-variant.m3u8`. IVS's are of type VOD, which says that nothing changes: true once it is ended. */
export function renderByteRangePlaylist({ head, rendition, isEnded }: PlaylistOptions): Uint8Array {
  const start = [
    '#EXTM3U',
    `#EXT-X-VERSION:${version(rendition, head, BYTE_RANGE_VERSION)}`,
    `#EXT-X-TARGETDURATION:${head.targetDurationSeconds}`,
    `#EXT-X-PLAYLIST-TYPE:${isEnded ? 'VOD' : 'EVENT'}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
  ];
  return playlistOf(start, rendition.byteRangeLines, isEnded);
}

/** `master.m3u8`, or its twin: with `PROGRAM-ID`, which IVS still writes. */
export function renderMultivariant(
  head: RecordingHead,
  renditions: readonly RecordedRendition[],
  playlist: typeof PLAYLIST | typeof BYTE_RANGE_PLAYLIST,
): string {
  const lines = [
    '#EXTM3U',
    `#EXT-X-SESSION-DATA:DATA-ID="net.live-video.content.id",VALUE=${quoted(head.channelId)}`,
    `#EXT-X-SESSION-DATA:DATA-ID="net.live-video.customer.id",VALUE=${quoted(head.accountId)}`,
  ];
  for (const { facts, peakBps } of renditions) {
    const group = quoted(facts.name);
    const shownName = quoted(shownRenditionName(facts.name));
    lines.push(
      `#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=${group},NAME=${shownName},AUTOSELECT=YES,DEFAULT=YES`,
      `#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=${peakBps},CODECS=${quoted(facts.codecs)}` +
        `,RESOLUTION=${facts.width}x${facts.height},VIDEO=${group}`,
      `${facts.name}/${playlist}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function version(
  rendition: RecordedRendition,
  { extension }: RecordingHead,
  least: number,
): number {
  if (rendition.hasGap) return GAP_VERSION;
  return extension === 'mp4' ? Math.max(least, MAP_VERSION) : least;
}

/** A copy of `lines` between what is before them and behind: at once, however long they have become. */
function playlistOf(start: readonly string[], lines: Uint8Array, isEnded: boolean): Uint8Array {
  const writer = new ByteWriter(lines.byteLength + MAX_AROUND_BYTES);
  writer.utf8(`${start.join('\n')}\n`).bytes(lines);
  return writer.utf8(isEnded ? '#EXT-X-ENDLIST\n' : '').finish();
}
