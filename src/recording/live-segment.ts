import type { Ticks } from '../lib/timescale.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Segment } from '../packaging/segment.ts';
import type { GroupOfPictures } from './journal.ts';

/** A live segment of one rendition with its bytes, which are no longer the window's concern. */
export interface LiveSegment {
  readonly window: LiveWindow;
  readonly msn: number;
  readonly programDateTimeMs: number;
  readonly isDiscontinuous: boolean;
  readonly durationTicks: Ticks;
  readonly initSegment: Uint8Array | undefined;
  /** None where the segment is a gap. */
  readonly buffers: readonly Uint8Array[];
  readonly groups: readonly GroupOfPictures[];
  readonly byteLength: number;
}

/** Takes a segment's bytes, while its window has them: when it completes. */
export function takeSegment(window: LiveWindow, segment: Segment): LiveSegment {
  const { msn, programDateTimeMs, isDiscontinuous, durationTicks, isGap } = segment;
  const groups = isGap ? [] : groupsOf(segment);
  return {
    window,
    msn,
    programDateTimeMs,
    isDiscontinuous,
    durationTicks,
    initSegment: window.initSegment(segment.initGeneration),
    buffers: isGap ? [] : segment.parts.map((part) => part.bytes()),
    groups,
    byteLength: isGap ? 0 : segment.byteLength,
  };
}

/** Keyframes that share a segment each begin a group. The last one lasts as long as the segment, whose end is known better. */
function groupsOf(segment: Segment): readonly GroupOfPictures[] {
  const groups: { byteLength: number; ticks: Ticks }[] = [];
  for (const { byteLength, durationTicks, isIndependent } of segment.parts) {
    const open = groups.at(-1);
    if (open === undefined || isIndependent) groups.push({ byteLength, ticks: durationTicks });
    else {
      open.byteLength += byteLength;
      open.ticks += durationTicks;
    }
  }
  const last = groups.at(-1);
  if (last) {
    const partTicks = groups.reduce((sum, { ticks }) => sum + ticks, 0);
    last.ticks += segment.durationTicks - partTicks;
  }
  return groups;
}
