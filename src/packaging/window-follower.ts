import type { Ticks } from '../lib/timescale.ts';
import type { RenditionDescription } from './rendition.ts';
import type { Part } from './segment.ts';
import type { WindowTiming } from './segmentation.ts';

/** What was before the first segment that a window keeps. */
export interface SegmentsBefore {
  /** Number of that first segment. */
  readonly firstMsn: number;
  /** Length of what has left the playlist. */
  readonly elapsedTicks: Ticks;
  /** Discontinuities in that. */
  readonly discontinuitySequence: number;
  /** Number of the next generation. */
  readonly firstGeneration: number;
}

/** Known from the first complete segment on. */
export interface Playable {
  readonly timing: WindowTiming;
  readonly description: RenditionDescription;
}

export interface WindowStart extends SegmentsBefore {
  readonly playable?: Playable;
}

/**
 * Is told of everything that happens to a window. A window that begins with `start`, and to which the same is done, has the
 * same playlists, segments and parts. Nothing here may throw.
 */
export interface WindowFollower {
  /** Comes first. What the window keeps is told next, as if it happened now. */
  start(start: WindowStart): void;
  generationBegan(initSegment: Uint8Array | undefined): void;
  segmentBegan(segment: {
    readonly msn: number;
    readonly programDateTimeMs: number;
    readonly isDiscontinuous: boolean;
  }): void;
  partAppended(part: Part): void;
  segmentCompleted(durationTicks: Ticks, playable: Playable): void;
  gapCompleted(durationTicks: Ticks): void;
  interrupted(): void;
  ended(): void;
  /** Nothing of the window is there any more. Comes last. */
  released(): void;
}
