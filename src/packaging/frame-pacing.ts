import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TICKS_PER_MS, VIDEO_TIMESCALE } from '../media/frame.ts';

/** Encoders count in milliseconds (FLV, RTMP): a steady rate shows as intervals that differ by one. */
const STEADY_WITHIN_TICKS = 1.5 * VIDEO_TICKS_PER_MS;

/** Long enough that the rounding of both ends is 1/32 ms a frame, short enough to follow a change of rate. */
const HISTORY_FRAMES = 33;

/** The newest frames whose average says where the grid of a steady rate lies. */
const PHASE_FRAMES = 8;

const COMMON_FRAME_RATES: readonly number[] = [
  24_000 / 1001,
  24,
  25,
  30_000 / 1001,
  30,
  48,
  50,
  60_000 / 1001,
  60,
];

/** A measured rate this close to a common one is that one. */
const COMMON_RATE_TOLERANCE = 0.003;

/** The same of a rate that some steps show: each end of a run of them is rounded. */
const USUAL_RATE_TOLERANCE = 0.01;

/** Of the steps, and this many of them, to be the usual ones. */
const USUAL_SHARE = 0.75;
const MIN_USUAL_STEPS = 8;

/**
 * Learns the pace of a video track from its decoding times and foretells the next one, so that a part can be
 * finished when its last frame arrives instead of one frame later. A wrong guess costs nothing but that frame:
 * `Segmenter` starts the next sample where this one was said to end.
 */
export class FramePacing {
  readonly #history: Ticks[] = [];
  #first: Ticks = 0;
  #count = 0;
  /** Of the history as it is: asked several times a frame, worked out once. */
  #isSteady = false;
  #periodTicks: number | undefined;

  observe(dtsTicks: Ticks): void {
    if (this.#count === 0) this.#first = dtsTicks;
    this.#history.push(dtsTicks);
    if (this.#history.length > HISTORY_FRAMES) this.#history.shift();
    this.#count++;
    this.#isSteady = this.#findSteady();
    this.#periodTicks = this.#findPeriod();
  }

  /** Forgets everything: the timeline jumped. */
  reset(): void {
    this.#history.length = 0;
    this.#count = 0;
    this.#isSteady = false;
    this.#periodTicks = undefined;
  }

  /**
   * Ticks from a frame to the next, fractional; `undefined` before the second frame. Of an unsteady pace the shortest step
   * of late: a frame that is foretold too early is decoded early, one that is foretold too late would be decoded
   * after it is due. ffmpeg's mov demuxer moves the whole track by such a negative composition offset.
   */
  get periodTicks(): number | undefined {
    return this.#periodTicks;
  }

  #findPeriod(): number | undefined {
    const newest = this.#history.at(-1);
    const oldest = this.#history[0];
    const steps = this.#history.length - 1;
    if (newest === undefined || oldest === undefined || steps < 1) return undefined;
    return this.#isSteady ? (newest - oldest) / steps : this.#shortestStep();
  }

  /** All of the newest frames keep one pace. */
  get isSteady(): boolean {
    return this.#isSteady;
  }

  /** One step may be a pause as well as a pace. */
  get isKnown(): boolean {
    return this.#history.length > 2;
  }

  /** Where the next frame is expected, on the millisecond grid; `undefined` before the third frame. */
  get nextDtsTicks(): Ticks | undefined {
    const newest = this.#history.at(-1);
    const period = this.periodTicks;
    if (newest === undefined || period === undefined || !this.isKnown) return undefined;
    if (!this.#isSteady) return newest + Math.round(period);
    const frames = Math.min(PHASE_FRAMES, this.#history.length);
    let sum = 0;
    for (let age = 0; age < frames; age++) sum += (this.#history.at(-1 - age) ?? 0) + age * period;
    const next = sum / frames + period;
    return Math.max(newest + 1, Math.round(next / VIDEO_TICKS_PER_MS) * VIDEO_TICKS_PER_MS);
  }

  /**
   * The rate of the track, 0 when unknown: a common one, where the average since the start or the last reset is one, or nearly all
   * steps of late are of one. An encoder that dropped two of its first sixty frames has 30 a second, and not 29.
   */
  get framesPerSecond(): number {
    const newest = this.#history.at(-1);
    if (newest === undefined || this.#count < 2 || newest === this.#first) return 0;
    const measured = ((this.#count - 1) * VIDEO_TIMESCALE) / (newest - this.#first);
    return (
      commonRate(measured, COMMON_RATE_TOLERANCE) ??
      commonRate(this.#usualRate(), USUAL_RATE_TOLERANCE) ??
      measured
    );
  }

  /** Of the steps of late that are as long as most of them; 0 where too few are. */
  #usualRate(): number {
    const steps = this.#history.slice(1).map((ticks, i) => ticks - (this.#history[i] ?? 0));
    const middle = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
    const usual = steps.filter((step) => Math.abs(step - middle) <= STEADY_WITHIN_TICKS);
    if (usual.length < Math.max(MIN_USUAL_STEPS, steps.length * USUAL_SHARE)) return 0;
    return (usual.length * VIDEO_TIMESCALE) / usual.reduce((sum, step) => sum + step, 0);
  }

  #shortestStep(): Ticks {
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 1; i < this.#history.length; i++) {
      shortest = Math.min(shortest, (this.#history[i] ?? 0) - (this.#history[i - 1] ?? 0));
    }
    return shortest;
  }

  /** Every interval within rounding (1 ms at each end) of the mean. */
  #findSteady(): boolean {
    const newest = this.#history.at(-1);
    const oldest = this.#history[0];
    const intervals = this.#history.length - 1;
    if (newest === undefined || oldest === undefined || intervals < 2) return false;
    const mean = (newest - oldest) / intervals;
    for (let i = 1; i <= intervals; i++) {
      const interval = (this.#history[i] ?? 0) - (this.#history[i - 1] ?? 0);
      if (Math.abs(interval - mean) > STEADY_WITHIN_TICKS) return false;
    }
    return true;
  }
}

/** The common rate that this one is, within a tolerance. */
function commonRate(measured: number, tolerance: number): number | undefined {
  const nearest = COMMON_FRAME_RATES.reduce((best, rate) =>
    Math.abs(rate - measured) < Math.abs(best - measured) ? rate : best,
  );
  return Math.abs(nearest - measured) / nearest < tolerance ? nearest : undefined;
}
