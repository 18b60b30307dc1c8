import type { Clock } from '../lib/clock.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/** It was stopped while it waited: nothing failed, and nothing more is done. */
export class Stopped extends Error {
  override name = 'Stopped';
}

export interface RetryOptions {
  readonly onFailure: (error: unknown, delayMs: number) => void;
  /** No use in trying again, so long after the first attempt. */
  readonly isHopeless: (error: unknown, elapsedMs: number) => boolean | Promise<boolean>;
}

/** Tries again, after longer and longer pauses, until it is stopped or gives up. */
export class Retry {
  readonly #clock: Clock;
  /** What ends the wait of those who wait. */
  readonly #waiting = new Set<() => void>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What waits, and what would begin, rejects with `Stopped`. */
  stop(): void {
    this.#isStopped = true;
    for (const stop of this.#waiting) stop();
  }

  /** Rejects with the last error where there is no hope. */
  async run<T>(attempt: () => Promise<T>, { onFailure, isHopeless }: RetryOptions): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
      try {
        return await this.#unlessStopped(attempt());
      } catch (error) {
        if (error instanceof Stopped) throw error;
        const elapsedMs = this.#clock.monotonicMs() - startedMs;
        if (await this.#unlessStopped(Promise.resolve(isHopeless(error, elapsedMs)))) throw error;
        onFailure(error, delayMs);
        await this.#pause(delayMs);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(delayMs, resolve);
    return this.#unlessStopped(promise).finally(cancel);
  }

  /** Not `Promise.race` with one promise for all: that one would remember every race until the end. */
  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new Stopped('stopped'));
      if (this.#isStopped) stop();
      this.#waiting.add(stop);
      work.then(resolve, reject).finally(() => this.#waiting.delete(stop));
    });
  }
}
