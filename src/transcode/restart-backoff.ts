const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** Who worked for so long did not die of what it was started with. */
const GOOD_WORK_MS = 60_000;

/** When the next child may be started: at once for the first death, then later each time. */
export class RestartBackoff {
  #delayMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** `startedMs` and `nowMs` on a monotonic clock. */
  died(startedMs: number, nowMs: number): void {
    if (nowMs - startedMs >= GOOD_WORK_MS) this.#delayMs = 0;
    this.#notBeforeMs = nowMs + this.#delayMs;
    this.#delayMs = Math.min(Math.max(2 * this.#delayMs, FIRST_DELAY_MS), MAX_DELAY_MS);
  }

  mayStart(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }
}
