import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';

/** An encoder's crystal is off by less than 500 millionths: half a millisecond a second, one a two-second segment. */
const MAX_STEP_MS = 1;

/**
 * No buffer on the way holds back so much: the machine slept, the wall clock was set, or the encoder's stood still. At a
 * millisecond a segment that would not be made good in the life of a stream. Only forward: dates never go back within a timeline, so
 * after a clock set back they stay ahead, by a millisecond less with each segment, until the next discontinuity.
 */
const MAX_BEHIND_MS = 10_000;

/**
 * Gives segments their EXT-X-PROGRAM-DATE-TIME: the media timeline laid on the wall clock. Follows the encoder's clock
 * against ours by at most a millisecond a segment, so that network jitter doesn't show and 48 hours of drift don't add up.
 */
export class ProgramClock {
  #anchor: { readonly ticks: Ticks; readonly wallMs: number } | undefined;

  /** Wall-clock milliseconds of the segment that starts at `ticks` and whose first frame came in at `receivedMs`. */
  at(ticks: Ticks, receivedMs: number): number {
    const anchor = this.#anchor;
    let wallMs = receivedMs;
    if (anchor) {
      const expectedMs = anchor.wallMs + ((ticks - anchor.ticks) * 1000) / VIDEO_TIMESCALE;
      const errorMs = receivedMs - expectedMs;
      if (errorMs <= MAX_BEHIND_MS) {
        wallMs = expectedMs + Math.max(-MAX_STEP_MS, Math.min(MAX_STEP_MS, errorMs));
      }
    }
    this.#anchor = { ticks, wallMs };
    return wallMs;
  }

  /** The timeline broke: the next segment is laid where it came in. */
  reset(): void {
    this.#anchor = undefined;
  }
}
