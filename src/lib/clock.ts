/** Cancels a pending timer; calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/**
 * The only source of time outside `adapters`. Everything that waits or stamps takes one, so that a test
 * decides what time it is.
 */
export interface Clock {
  /** Wall clock: milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Monotonic clock: milliseconds since an arbitrary moment; never steps back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): CancelTimer;
  /** Calls `run` every `intervalMs`. The timer does not keep the process alive. */
  every(intervalMs: number, run: () => void): CancelTimer;
}
