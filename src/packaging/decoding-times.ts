import type { Ticks } from '../lib/timescale.ts';

/**
 * Decoding times of a follower's pictures, which are contiguous as the leader's: a picture is decoded where the newest part
 * that has any ended, though parts without pictures may be in between. Media Source Extensions take a longer step for a
 * break (W3C MSE, coded frame processing, step 1.6).
 */
export class DecodingTimes {
  /** Of the newest picture of the part under way. */
  #newestTicks: Ticks | undefined;
  /** Where the newest part with pictures ended. */
  #endTicks: Ticks | undefined;

  /** Of the next picture, which would like to be decoded at `dtsTicks`. */
  next(dtsTicks: Ticks, partStartTicks: Ticks): Ticks {
    const newest = this.#newestTicks;
    return (this.#newestTicks =
      newest === undefined ? (this.#endTicks ?? partStartTicks) : Math.max(dtsTicks, newest + 1));
  }

  endPart(endTicks: Ticks): void {
    if (this.#newestTicks !== undefined) this.#endTicks = endTicks;
    this.#newestTicks = undefined;
  }

  /** Pictures are missing. */
  reset(): void {
    this.#newestTicks = undefined;
    this.#endTicks = undefined;
  }
}
