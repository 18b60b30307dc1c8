import { ApiError } from '../../domain/errors.ts';

/** Waiting writers beyond this are turned away: a disk that hangs must not fill the memory. */
const MAX_WAITING = 10_000;

/** Lets one through at a time, in the order in which they called. */
export class Turnstile {
  #occupied = false;
  readonly #waiting: (() => void)[] = [];

  /**
   * Resolves when it is the caller's turn, who then owes a call of `leave`.
   *
   * @throws ApiError ServiceUnavailable where too many wait already
   */
  async enter(): Promise<void> {
    if (!this.#occupied) {
      this.#occupied = true;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ApiError('ServiceUnavailable', `the store is busy: ${MAX_WAITING} requests wait`);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  leave(): void {
    const next = this.#waiting.shift();
    // Whoever waits gets the turn itself, so that nobody can slip in between.
    if (next) next();
    else this.#occupied = false;
  }

  /** Calls of `run` from one place begin in the order of the calls. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
