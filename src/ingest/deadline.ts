import type { CancelTimer, Clock } from '../lib/clock.ts';

/** The one deadline that a conversation has at a time. */
export class Deadline {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #onPassed: () => void;
  #cancel: CancelTimer = () => {};

  constructor(clock: Pick<Clock, 'after'>, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** It passes `delayMs` from now, and not when it would have before. */
  restart(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(delayMs, this.#onPassed);
  }

  /** It does not pass until it is restarted. */
  cancel(): void {
    this.#cancel();
  }
}
