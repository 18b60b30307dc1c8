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
  /** To be called by a viewer who goes away, once: when all who wait for the same are gone, nothing is resolved any more. */
  readonly cancel: () => void;
}

/** All who came to wait for the same thing at about the same time. */
interface SharedWait extends Waiter {
  readonly what: string;
  readonly check: () => WaitOutcome | undefined;
  readonly resolve: (outcome: WaitOutcome) => void;
  /** Of the one who came last. */
  deadlineMs: number;
  viewers: number;
}

const DEADLINE_CHECK_MS = 500;

const settled = (outcome: WaitOutcome): Waiter => ({
  outcome: Promise.resolve(outcome),
  cancel() {},
});

/**
 * Requests parked until a window changes. Thousands of viewers wait for the very same part: they share one check and one promise, since
 * whatever is kept for each of them is moved by the garbage collector while they wait. One timer for all, and only while there
 * are any.
 */
export class WindowWaiters {
  readonly #clock: Clock;
  readonly #waits = new Set<SharedWait>();
  /** By what is waited for: those whom more may join. Emptied with each look at the deadlines, so that these stay exact to that. */
  readonly #joinable = new Map<string, SharedWait>();
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `check` tells of `what`, whoever waits for it. */
  wait(what: string, check: () => WaitOutcome | undefined, timeoutMs: number): Waiter {
    const now = check();
    if (now !== undefined) return settled(now);
    const wait = this.#joinable.get(what) ?? this.#begin(what, check);
    wait.viewers++;
    wait.deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    return wait;
  }

  /** The window changed: whoever got what it waited for, or can't get it any more, is told. */
  wake(): void {
    for (const wait of this.#waits) {
      const outcome = wait.check();
      if (outcome !== undefined) this.#settle(wait, outcome);
    }
  }

  #begin(what: string, check: () => WaitOutcome | undefined): SharedWait {
    const { promise: outcome, resolve } = Promise.withResolvers<WaitOutcome>();
    const wait: SharedWait = {
      what,
      outcome,
      check,
      resolve,
      deadlineMs: 0,
      viewers: 0,
      cancel: () => {
        wait.viewers--;
        if (wait.viewers === 0) this.#remove(wait);
      },
    };
    this.#waits.add(wait);
    this.#joinable.set(what, wait);
    this.#cancelTimer ??= this.#clock.every(DEADLINE_CHECK_MS, () => this.#expire());
    return wait;
  }

  #expire(): void {
    this.#joinable.clear();
    const nowMs = this.#clock.monotonicMs();
    for (const wait of this.#waits) {
      if (wait.deadlineMs <= nowMs) this.#settle(wait, 'timeout');
    }
  }

  #settle(wait: SharedWait, outcome: WaitOutcome): void {
    this.#remove(wait);
    wait.resolve(outcome);
  }

  #remove(wait: SharedWait): void {
    this.#waits.delete(wait);
    // What is settled, or whom nobody waits for, is not joined.
    if (this.#joinable.get(wait.what) === wait) this.#joinable.delete(wait.what);
    if (this.#waits.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
