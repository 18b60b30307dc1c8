import type { Ticks } from '../lib/timescale.ts';
import type { PartMetadata } from './part-container.ts';

/** A segment begins; its first part has just ended. */
export interface SegmentStart {
  readonly startTicks: Ticks;
  readonly programDateTimeMs: number;
  /** The timeline or the encoding breaks before it. */
  readonly isDiscontinuous: boolean;
  /** When its first picture is presented: its keyframe, where it begins with one. */
  readonly presentedTicks: Ticks;
  /** Presentation minus decoding time of its keyframe, as the encoder has it. */
  readonly ctsOffsetTicks: Ticks;
  /** It begins with a keyframe: the encoder sent one in time. */
  readonly isIndependent: boolean;
}

/** Of all segments and parts of a rendition; fixed when its first segment is complete. */
export interface WindowTiming {
  readonly targetDurationSeconds: number;
  readonly partTargetTicks: Ticks;
}

export interface SegmentEnd {
  readonly durationTicks: Ticks;
  readonly timing: WindowTiming;
}

/**
 * What the leading rendition of a channel decided, in its order: the other renditions cut their frames at the same times, so
 * that segments, parts and their numbers are the same in all. 90 kHz ticks of the leading video track.
 */
export interface SegmentationListener {
  segmentBegan(start: SegmentStart): void;
  /** `metadata`: the texts in it, which are the same in all renditions. */
  partEnded(startTicks: Ticks, endTicks: Ticks, metadata: readonly PartMetadata[]): void;
  segmentEnded(end: SegmentEnd): void;
}

/** One of those decisions, kept until it can be carried out. */
export type Segmentation =
  | { readonly kind: 'segment-began'; readonly start: SegmentStart }
  | {
      readonly kind: 'part-ended';
      readonly startTicks: Ticks;
      readonly endTicks: Ticks;
      readonly metadata: readonly PartMetadata[];
    }
  | { readonly kind: 'segment-ended'; readonly end: SegmentEnd };

export type PartEnd = Extract<Segmentation, { readonly kind: 'part-ended' }>;
