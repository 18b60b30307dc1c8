import type { CancelTimer, Clock } from '../lib/clock.ts';

/** The time in which an encoder may come back and go on with a recording. */
export class ReconnectWindow {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  /** On the wall clock, which goes on while Ivory is down; `undefined` while it is closed. */
  #deadlineMs: number | undefined;
  #cancelTimer: CancelTimer = () => {};
  /** Streams that came back in time, and are not known to be alike yet. */
  #holders = 0;

  /** `onPassed`: nobody came back; the window is still open. */
  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** Call `check` when whoever opens it is ready for its end, which may be now. */
  open(deadlineMs: number): void {
    this.close();
    this.#deadlineMs = deadlineMs;
    const delayMs = deadlineMs - this.#clock.nowMs();
    if (delayMs > 0) this.#cancelTimer = this.#clock.after(delayMs, () => this.check());
  }

  close(): void {
    this.#deadlineMs = undefined;
    this.#cancelTimer();
    this.#cancelTimer = () => {};
  }

  /** Whether a stream that began at `startTimeMs` came back in time; if so the window does not pass until `release`. */
  hold(startTimeMs: number): boolean {
    if (this.#deadlineMs === undefined || startTimeMs > this.#deadlineMs) return false;
    this.#holders++;
    return true;
  }

  release(): void {
    this.#holders--;
    this.check();
  }

  check(): void {
    if (this.#deadlineMs === undefined || this.#holders > 0) return;
    if (this.#clock.nowMs() >= this.#deadlineMs) this.#onPassed();
  }
}
