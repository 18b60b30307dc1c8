import { takeToken } from '../lib/token-bucket.ts';

/**
 * Requests that are answered before everything else has its turn. The event loop accepts one connection a listener in each
 * round (libuv's `uv__server_io`): were a round to answer a thousand busy viewers, the last of a thousand new ones would wait for seconds. And an
 * encoder's frames would wait for all viewers.
 */
const REQUESTS_A_TURN = 16;

/** While a crowd comes: whoever has just come has waited for all rounds since. */
const REQUESTS_WHILE_ACCEPTING = 2;

/** So many connections are a crowd. Who keeps opening them, or means no good, is to have no more of the rounds than others. */
const CROWD = 5_000;
const CROWD_REFILL_PER_SECOND = 100;
const CONNECTION_MS = 1000 / CROWD_REFILL_PER_SECOND;

/** Somebody with a request that waits for its turn. */
export interface Waiting {
  proceed(): void;
}

/** Shares the rounds of the event loop between requests and everything else. */
export class RequestTurns {
  #left = REQUESTS_A_TURN;
  #queue: Waiting[] = [];
  #isScheduled = false;
  #hasAccepted = false;
  readonly #nowMs: () => number;
  #crowdFullAtMs: number;

  /** `nowMs`: any clock that does not go back. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#crowdFullAtMs = nowMs();
  }

  /** A connection came in this round; more may wait. */
  accepted(): void {
    if (!this.#isOfCrowd()) return;
    this.#hasAccepted = true;
    this.#left = Math.min(this.#left, REQUESTS_WHILE_ACCEPTING);
    this.#schedule();
  }

  /** Whether a request may be answered at once; it counts as answered then. */
  take(): boolean {
    this.#schedule();
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
    const count = this.#hasAccepted ? REQUESTS_WHILE_ACCEPTING : REQUESTS_A_TURN;
    this.#hasAccepted = false;
    const now = this.#queue.splice(0, count);
    // Those that come meanwhile are behind those that wait.
    this.#left = this.#queue.length > 0 ? 0 : count - now.length;
    if (this.#queue.length > 0) this.#schedule();
    for (const waiting of now) waiting.proceed();
  };

  #isOfCrowd(): boolean {
    const depthMs = CROWD * CONNECTION_MS;
    const fullAtMs = takeToken(this.#crowdFullAtMs, this.#nowMs(), CONNECTION_MS, depthMs);
    if (fullAtMs === undefined) return false;
    this.#crowdFullAtMs = fullAtMs;
    return true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#nextTurn);
  }
}
