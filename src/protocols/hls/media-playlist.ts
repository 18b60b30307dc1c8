import { oneLine, quoted, uriLine } from './attribute-list.ts';

/**
 * A media playlist; RFC 8216 with the low-latency tags of draft-pantos-hls-rfc8216bis, and the prefetch and
 * `EXT-X-NET-LIVE-VIDEO` lines of IVS. Section numbers below are the draft's. Durations are seconds on the wire and here;
 * they are written with five decimals.
 */
export interface MediaPlaylist extends MediaPlaylistHead {
  /** Complete segments. After a skip, those that were not skipped. */
  readonly segments: readonly MediaSegment[];
  /** The segment that is still growing, if it has a part already. */
  readonly openSegment?: OpenSegment;
  readonly preloadHint?: PreloadHint;
  /** IVS's low latency: the segments that come next, the growing one first. */
  readonly prefetchUris: readonly string[];
  readonly renditionReports: readonly RenditionReport[];
  /** Nothing will be added. */
  readonly endList: boolean;
}

/** What stands before the first segment. */
export interface MediaPlaylistHead {
  readonly version: number;
  /** 4.4.3.1: no EXTINF, rounded to the nearest integer, is above it. */
  readonly targetDurationSeconds: number;
  readonly mediaSequence: number;
  /** 4.4.3.3: how many EXT-X-DISCONTINUITY have left the window. 0 is not written. */
  readonly discontinuitySequence: number;
  readonly serverControl?: ServerControl;
  /** 4.4.3.7: "the duration of each Partial Segment MUST be less than or equal to the Part Target Duration". */
  readonly partTargetSeconds?: number;
  /** Whole tag lines that players pass over or that are theirs: `#EXT-X-NET-LIVE-VIDEO-ELAPSED-SECS:12.000`, date ranges. */
  readonly otherTags: readonly string[];
  /** 4.4.5.2: this is a delta update, and so many of the oldest segments are left out. */
  readonly skippedSegments?: number;
}

/** EXT-X-SERVER-CONTROL, 4.4.3.8. */
export interface ServerControl {
  readonly canBlockReload: boolean;
  /** At least six target durations. Without it there are no delta updates. */
  readonly canSkipUntilSeconds?: number;
  /** At least three target durations. */
  readonly holdBackSeconds?: number;
  /** At least two, better three part target durations. */
  readonly partHoldBackSeconds?: number;
}

interface SegmentStart {
  /** The timeline or the encoding changes before this segment, 4.4.4.3. */
  readonly discontinuity: boolean;
  /** Init segment, where it is another one than the previous segment's, and on the first segment listed; 4.4.4.5. */
  readonly mapUri?: string;
  /** Unix time of the first sample in milliseconds, 4.4.4.6. */
  readonly programDateTimeMs?: number;
  readonly parts: readonly PartialSegment[];
}

export interface MediaSegment extends SegmentStart {
  readonly uri: string;
  readonly durationSeconds: number;
  /** IVS writes `live`. Nothing after the comma where absent. */
  readonly title?: string;
  /** 4.4.4.7: there is no media behind the URI. */
  readonly gap: boolean;
}

export type OpenSegment = SegmentStart;

/** EXT-X-PART, 4.4.4.9. */
export interface PartialSegment {
  readonly uri: string;
  readonly durationSeconds: number;
  /** Decoding can start in it. */
  readonly independent: boolean;
  readonly gap: boolean;
}

/** EXT-X-PRELOAD-HINT, 4.4.5.3. */
export interface PreloadHint {
  readonly type: 'PART' | 'MAP';
  readonly uri: string;
}

/** EXT-X-RENDITION-REPORT, 4.4.5.4. */
export interface RenditionReport {
  /** Relative to this playlist. */
  readonly uri: string;
  readonly lastMsn: number;
  readonly lastPart?: number;
}

export const END_LIST_LINE = '#EXT-X-ENDLIST\n';

/**
 * The whole playlist. A packager that serves many reloads renders the lines of a segment once, with the functions
 * below, and joins them. Throws `RangeError` on text that would break out of its line or quotes.
 */
export function encodeMediaPlaylist(playlist: MediaPlaylist): string {
  let text = encodeMediaPlaylistHead(playlist);
  for (const segment of playlist.segments) text += encodeSegmentLines(segment);
  if (playlist.openSegment !== undefined) text += encodeOpenSegmentLines(playlist.openSegment);
  if (playlist.preloadHint !== undefined) text += encodePreloadHintLine(playlist.preloadHint);
  for (const uri of playlist.prefetchUris) text += encodePrefetchLine(uri);
  for (const report of playlist.renditionReports) text += encodeRenditionReportLine(report);
  return playlist.endList ? text + END_LIST_LINE : text;
}

/** From `#EXTM3U` to `EXT-X-SKIP`. */
export function encodeMediaPlaylistHead(head: MediaPlaylistHead): string {
  let text =
    '#EXTM3U\n' +
    `#EXT-X-VERSION:${head.version}\n` +
    `#EXT-X-TARGETDURATION:${head.targetDurationSeconds}\n`;
  if (head.serverControl !== undefined) text += encodeServerControlLine(head.serverControl);
  if (head.partTargetSeconds !== undefined) {
    text += `#EXT-X-PART-INF:PART-TARGET=${seconds(head.partTargetSeconds)}\n`;
  }
  text += `#EXT-X-MEDIA-SEQUENCE:${head.mediaSequence}\n`;
  if (head.discontinuitySequence > 0) {
    text += `#EXT-X-DISCONTINUITY-SEQUENCE:${head.discontinuitySequence}\n`;
  }
  for (const tag of head.otherTags) text += `${oneLine(tag)}\n`;
  if (head.skippedSegments !== undefined) {
    text += `#EXT-X-SKIP:SKIPPED-SEGMENTS=${head.skippedSegments}\n`;
  }
  return text;
}

/** A complete segment with its parts, which go once they are three target durations old (6.2.2): pass none then. */
export function encodeSegmentLines(segment: MediaSegment): string {
  let text = encodeOpenSegmentLines(segment);
  if (segment.gap) text += '#EXT-X-GAP\n';
  const title = segment.title === undefined || segment.title === '' ? '' : oneLine(segment.title);
  return `${text}#EXTINF:${seconds(segment.durationSeconds)},${title}\n${uriLine(segment.uri)}\n`;
}

/** What stands before the EXTINF of a segment: the tags that apply to its parts too, and the parts. */
export function encodeOpenSegmentLines(segment: OpenSegment): string {
  let text = encodeEncodingLines(segment);
  if (segment.programDateTimeMs !== undefined) text += encodeDateLine(segment.programDateTimeMs);
  for (const part of segment.parts) text += encodePartLine(part);
  return text;
}

/** Where another timeline or another encoding begins. */
export function encodeEncodingLines(
  segment: Pick<SegmentStart, 'discontinuity' | 'mapUri'>,
): string {
  const map = segment.mapUri === undefined ? '' : encodeMapLine(segment.mapUri);
  return segment.discontinuity ? `#EXT-X-DISCONTINUITY\n${map}` : map;
}

/** EXT-X-PROGRAM-DATE-TIME, 4.4.4.6: UTC, to the millisecond. Throws `RangeError` on what is no time of a `Date`. */
export function encodeDateLine(unixMs: number): string {
  return `#EXT-X-PROGRAM-DATE-TIME:${new Date(unixMs).toISOString()}\n`;
}

/** EXT-X-MAP, 4.4.4.5. Throws `RangeError` on a URI with a double quote or a line break. */
export function encodeMapLine(uri: string): string {
  return `#EXT-X-MAP:URI=${quoted(uri)}\n`;
}

/** EXT-X-PART, 4.4.4.9. Throws `RangeError` on a URI as `encodeMapLine` does. */
export function encodePartLine(part: PartialSegment): string {
  const independent = part.independent ? ',INDEPENDENT=YES' : '';
  const gap = part.gap ? ',GAP=YES' : '';
  return `#EXT-X-PART:DURATION=${seconds(part.durationSeconds)},URI=${quoted(part.uri)}${independent}${gap}\n`;
}

/** EXT-X-PRELOAD-HINT, 4.4.5.3. Throws `RangeError` on a URI as `encodeMapLine` does. */
export function encodePreloadHintLine(hint: PreloadHint): string {
  return `#EXT-X-PRELOAD-HINT:TYPE=${hint.type},URI=${quoted(hint.uri)}\n`;
}

/** EXT-X-PREFETCH, which is IVS's and not of the draft. Throws `RangeError` on a URI that is empty or has a line break. */
export function encodePrefetchLine(uri: string): string {
  return `#EXT-X-PREFETCH:${oneLine(uri)}\n`;
}

/** EXT-X-RENDITION-REPORT, 4.4.5.4. Throws `RangeError` on a URI as `encodeMapLine` does. */
export function encodeRenditionReportLine(report: RenditionReport): string {
  const lastPart = report.lastPart === undefined ? '' : `,LAST-PART=${report.lastPart}`;
  return `#EXT-X-RENDITION-REPORT:URI=${quoted(report.uri)},LAST-MSN=${report.lastMsn}${lastPart}\n`;
}

function encodeServerControlLine(control: ServerControl): string {
  const attributes: string[] = [];
  if (control.canBlockReload) attributes.push('CAN-BLOCK-RELOAD=YES');
  if (control.canSkipUntilSeconds !== undefined) {
    attributes.push(`CAN-SKIP-UNTIL=${seconds(control.canSkipUntilSeconds)}`);
  }
  if (control.holdBackSeconds !== undefined) {
    attributes.push(`HOLD-BACK=${seconds(control.holdBackSeconds)}`);
  }
  if (control.partHoldBackSeconds !== undefined) {
    attributes.push(`PART-HOLD-BACK=${seconds(control.partHoldBackSeconds)}`);
  }
  return attributes.length === 0 ? '' : `#EXT-X-SERVER-CONTROL:${attributes.join(',')}\n`;
}

/** Five decimals tell every sample of 96 kHz apart, and hide the noise of doubles. */
function seconds(value: number): string {
  return value.toFixed(5);
}
