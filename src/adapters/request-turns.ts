/**
 * Requests that are answered before everything else has its turn. The event loop accepts one connection a round (libuv's
 * `uv__server_io`): were a round to answer a thousand busy viewers, the last of a thousand new ones would wait for seconds. And an
 * encoder's frames would wait for all viewers.
 */
const REQUESTS_A_TURN = 16;

/** Somebody with a request that waits for its turn. */
export interface Waiting {
  proceed(): void;
}

/** Shares the rounds of the event loop between requests and everything else. */
export class RequestTurns {
  #left = REQUESTS_A_TURN;
  #queue: Waiting[] = [];
  #isScheduled = false;

  /** Whether a request may be answered at once; it counts as answered then. */
  take(): boolean {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#nextTurn);
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** `proceed` is called once, in a later turn. */
  wait(waiting: Waiting): void {
    this.#queue.push(waiting);
  }

  readonly #nextTurn = (): void => {
    this.#isScheduled = false;
    const now = this.#queue.splice(0, REQUESTS_A_TURN);
    // Those that come meanwhile are behind those that wait.
    this.#left = this.#queue.length > 0 ? 0 : REQUESTS_A_TURN - now.length;
    if (this.#queue.length > 0) {
      this.#isScheduled = true;
      setImmediate(this.#nextTurn);
    }
    for (const waiting of now) waiting.proceed();
  };
}
