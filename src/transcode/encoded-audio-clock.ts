import { rescale, type Ticks } from '../lib/timescale.ts';
import type { AudioTrack } from '../media/frame.ts';

/** Where stamps and count are further apart than this, sound is missing. Milliseconds round by far less. */
const TOLERANCE_FRAMES = 2;

/**
 * From FLV's milliseconds to samples: the first frame is where it is stamped, each further one starts where the one before
 * ended. Stamps alone would leave gaps and overlaps of up to a millisecond.
 */
export class EncodedAudioClock {
  #nextTicks: Ticks | undefined;

  /** The time of the next frame, or nothing where it lies behind what there was already. */
  ticks(timeMs: number, { timescale, samplesPerFrame }: AudioTrack): Ticks | undefined {
    const stampedTicks = rescale(timeMs, 1000, timescale);
    const countedTicks = this.#nextTicks ?? stampedTicks;
    const toleranceTicks = TOLERANCE_FRAMES * samplesPerFrame;
    if (stampedTicks < countedTicks - toleranceTicks) return undefined;
    const ticks = stampedTicks > countedTicks + toleranceTicks ? stampedTicks : countedTicks;
    this.#nextTicks = ticks + samplesPerFrame;
    return ticks;
  }
}
