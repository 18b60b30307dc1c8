import type { Clock } from './clock.ts';

/** A timer is as late as this on any machine that has much to do. */
const TOLERATED_MS = 500;

/**
 * How long the process stood still (a paused container, a debugger, no processor), as something that runs at intervals can tell. What
 * came from outside meanwhile waits behind the timers: whoever was silent since may just not have been heard.
 */
export class StallMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #intervalMs: number;
  #lastMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'>, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#lastMs = clock.monotonicMs();
  }

  /** Once each interval: milliseconds that the process stood still since the last call; 0 where it did not. */
  take(): number {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lastMs - this.#intervalMs;
    this.#lastMs = nowMs;
    return lateMs > TOLERATED_MS ? lateMs : 0;
  }
}
