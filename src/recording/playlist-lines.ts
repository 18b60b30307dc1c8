import type { Ticks } from '../lib/timescale.ts';
import { encodeDateLine, encodeEncodingLines } from '../protocols/hls/media-playlist.ts';
import type { GroupOfPictures } from './journal.ts';
import { toMs } from './milliseconds.ts';

/** A segment as a recording's playlist lists it. */
export interface ListedSegment {
  readonly uri: string;
  readonly isDiscontinuous: boolean;
  readonly mapUri?: string;
  readonly programDateTimeMs: number;
  /** From the beginning of the recording. */
  readonly startTicks: Ticks;
  readonly endTicks: Ticks;
  readonly isGap: boolean;
}

export function segmentLines(segment: ListedSegment): string {
  const { startTicks, endTicks, uri } = segment;
  return (
    startLines(segment) +
    encodeDateLine(segment.programDateTimeMs) +
    (segment.isGap ? '#EXT-X-GAP\n' : '') +
    durationLine(startTicks, endTicks) +
    `${uri}\n`
  );
}

/** The same segment, one entry a group of pictures (RFC 8216 4.3.2.2). */
export function byteRangeLines(segment: ListedSegment, groups: readonly GroupOfPictures[]): string {
  let text = startLines(segment);
  let { startTicks } = segment;
  let offset = 0;
  for (const { byteLength, ticks } of groups) {
    const elapsedMs = toMs(startTicks) - toMs(segment.startTicks);
    text += encodeDateLine(segment.programDateTimeMs + elapsedMs);
    text += durationLine(startTicks, startTicks + ticks);
    text += `#EXT-X-BYTERANGE:${byteLength}@${offset}\n${segment.uri}\n`;
    startTicks += ticks;
    offset += byteLength;
  }
  return text;
}

const startLines = ({ isDiscontinuous, ...segment }: ListedSegment): string =>
  encodeEncodingLines({ ...segment, discontinuity: isDiscontinuous });

/** Whole milliseconds, rounded where segments meet: their sum is the recording's duration, however many there are. */
function durationLine(startTicks: Ticks, endTicks: Ticks): string {
  const durationMs = toMs(endTicks) - toMs(startTicks);
  return `#EXTINF:${(durationMs / 1000).toFixed(3)},\n`;
}
