import { randomBytes as secureRandomBytes } from 'node:crypto';
import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';

/** Beyond 2^31 - 1 ms Node fires a timer after 1 ms instead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run): CancelTimer {
    const timer = setTimeout(run, checkedDelayMs(delayMs)).unref();
    return () => clearTimeout(timer);
  },
  every(intervalMs, run): CancelTimer {
    let timer: NodeJS.Timeout;
    // On the multiples of the interval: all that is due once a second then costs one wake-up, and not one each.
    const wait = (delayMs: number) => {
      timer = setTimeout(() => {
        const untilNextMs = untilMultipleMs(intervalMs);
        // A timer may fire a moment early.
        wait(untilNextMs < intervalMs / 2 ? untilNextMs + intervalMs : untilNextMs);
        run();
      }, delayMs).unref();
    };
    wait(untilMultipleMs(checkedDelayMs(intervalMs)));
    return () => clearTimeout(timer);
  },
};

const untilMultipleMs = (intervalMs: number): number => intervalMs - (Date.now() % intervalMs);

/** Runs it when all that has come in by now has been read. */
export const soon = (run: () => void): void => void setImmediate(run);

/** From the operating system's generator. */
export const randomBytes: RandomBytes = (count) => secureRandomBytes(count);

function checkedDelayMs(delayMs: number): number {
  if (!(delayMs <= MAX_TIMER_MS)) {
    throw new RangeError(`cannot set a timer: at most ${MAX_TIMER_MS} ms, got ${delayMs}`);
  }
  return delayMs;
}
