import type { CancelTimer, Clock } from '../lib/clock.ts';

export type WaitOutcome =
  /** What was waited for is there. */
  | 'available'
  /** It will never be: the segment ended before the part, or the stream ended. */
  | 'unavailable'
  /** Not in time. RFC 8216bis 6.2.5.2: after three target durations "it SHOULD return 503". */
  | 'timeout';

export interface Waiter {
  readonly outcome: Promise<WaitOutcome>;
  /** The viewer went away: nothing is resolved any more. */
  cancel(): void;
}

interface Waiting {
  readonly check: () => WaitOutcome | undefined;
  readonly resolve: (outcome: WaitOutcome) => void;
  readonly deadlineMs: number;
}

const DEADLINE_CHECK_MS = 500;

const settled = (outcome: WaitOutcome): Waiter => ({
  outcome: Promise.resolve(outcome),
  cancel() {},
});

/** Requests parked until a window changes. One timer for all of them, and only while there are any. */
export class WindowWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  wait(check: () => WaitOutcome | undefined, timeoutMs: number): Waiter {
    const now = check();
    if (now !== undefined) return settled(now);
    const { promise, resolve } = Promise.withResolvers<WaitOutcome>();
    const waiting = { check, resolve, deadlineMs: this.#clock.monotonicMs() + timeoutMs };
    this.#waiting.add(waiting);
    this.#cancelTimer ??= this.#clock.every(DEADLINE_CHECK_MS, () => this.#expire());
    return { outcome: promise, cancel: () => this.#remove(waiting) };
  }

  /** The window changed: whoever got what it waited for, or can't get it any more, is told. */
  wake(): void {
    for (const waiting of this.#waiting) {
      const outcome = waiting.check();
      if (outcome === undefined) continue;
      this.#remove(waiting);
      waiting.resolve(outcome);
    }
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const waiting of this.#waiting) {
      if (waiting.deadlineMs > nowMs) continue;
      this.#remove(waiting);
      waiting.resolve('timeout');
    }
  }

  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
