interface Observation {
  readonly atMs: number;
  readonly lagMs: number;
}

/** Fed once a second, a second more or less may lie between an observation and the moment that is asked for. */
const SECOND_MS = 1000;

/**
 * How far the media that came in are behind the clock: what a network, or this server, held back comes at more than its bit rate
 * afterwards, and is no more than the encoder's own time has room for.
 */
export class MediaLag {
  readonly #windowMs: number;
  #observations: readonly Observation[] = [];
  /** The clock less the media, when they were furthest ahead. */
  #earliestMs = Number.POSITIVE_INFINITY;

  /** `windowMs`: of whoever asks how much was made up for. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Once a second. `nowMs`: on a monotonic clock; `mediaMs`: length of what came in. */
  observe(nowMs: number, mediaMs: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, nowMs - mediaMs);
    const newest = { atMs: nowMs, lagMs: nowMs - mediaMs - this.#earliestMs };
    const oldestMs = nowMs - this.#windowMs - 2 * SECOND_MS;
    this.#observations = [...this.#observations.filter(({ atMs }) => atMs >= oldestMs), newest];
  }

  /** By how much media are less late than they were when the window began: 0 where an encoder is only ahead of its time. */
  get madeUpMs(): number {
    const newestMs = this.#observations.at(-1)?.atMs ?? 0;
    const ageOf = ({ atMs }: Observation) => newestMs - atMs;
    const before = this.#observations.filter((each) => ageOf(each) >= this.#windowMs - SECOND_MS);
    const after = this.#observations.filter((each) => ageOf(each) <= SECOND_MS);
    const lagMs = Math.max(0, ...before.map((each) => each.lagMs));
    return Math.max(0, lagMs - Math.min(...after.map((each) => each.lagMs), lagMs));
  }
}
