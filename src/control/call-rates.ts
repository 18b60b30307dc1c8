import { ApiError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { takeToken } from '../lib/token-bucket.ts';

/**
 * A bucket holds what one second lets through: IVS publishes rates and no bursts, and a bucket as deep as its rate
 * answers both a steady caller and one that comes in bunches.
 */
const BUCKET_MS = 1000;
/** Memory for some megabytes of names; only who calls on more subjects than that within a second gets a bucket anew. */
const MAX_BUCKETS = 20_000;
const FORGET_INTERVAL_MS = 10_000;

/** Token buckets by name; none at all while it is full. */
export class CallRates {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The least recently used first. */
  readonly #fullAtMs = new Map<string, number>();
  #forgetAtMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** How many names it remembers. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /**
   * Takes one call from the bucket `key`, which refills with `ratePerSecond` and holds as many. `false`: it is empty, and
   * nothing was taken. `key` names what is limited and for whom: `InsertAdBreak <channel ARN>`.
   */
  take(key: string, ratePerSecond: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const callMs = BUCKET_MS / ratePerSecond;
    const fullAtMs = takeToken(this.#fullAtMs.get(key) ?? nowMs, nowMs, callMs, BUCKET_MS);
    if (fullAtMs === undefined) return false;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    this.#forgetFull(nowMs);
    return true;
  }

  /**
   * All at once and seldom: a Map that loses its first entry on every call is slow to find the next one. Whoever was
   * not here for a second is full.
   */
  #forgetFull(nowMs: number): void {
    const isCrowded = this.#fullAtMs.size > MAX_BUCKETS;
    if (!isCrowded && nowMs < this.#forgetAtMs) return;
    this.#forgetAtMs = nowMs + FORGET_INTERVAL_MS;
    let surplus = isCrowded ? MAX_BUCKETS / 10 : 0;
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs > nowMs && surplus <= 0) return;
      surplus--;
      this.#fullAtMs.delete(key);
    }
  }
}

/** IVS's words. `subject`: `resource: <ARN>`, or whatever else the rate is counted for. */
export function callRateExceeded(
  operation: string,
  ratePerSecond: number,
  subject: string,
): ApiError {
  return new ApiError(
    'ThrottlingException',
    `Operation: ivs:${operation} exceeded call rate: ${ratePerSecond} for ${subject}`,
  );
}
