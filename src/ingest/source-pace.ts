import { IngestRejection } from './rejection.ts';

/**
 * Media may come so many times faster than they play, and this much at once. ffmpeg without `-re` reaches hundreds with a small picture; who
 * stamps a few bytes of sound with seconds each would reach millions, and each part of that time is work.
 */
const MAX_SPEED = 1_000;
const MAX_LEAD_MS = 60_000;
/** How often the clock is looked at. */
const CHECK_INTERVAL_MS = 1_000;

/** An encoder whose clock jumps, or whose picture changes, does so a few times a minute. Each time ends a segment, and begins another. */
const MAX_BREAKS = 30;
const BREAKS_WINDOW_MS = 10_000;

/** Holds what a source says of its times against the clock: work is by media time, and bytes cost an encoder less than times do. */
export class SourcePace {
  readonly #monotonicMs: () => number;
  #checkAtMs = Number.NEGATIVE_INFINITY;
  #checked: { readonly mediaMs: number; readonly atMs: number } | undefined;
  /** How much more came than could have. */
  #leadMs = 0;
  #breaks = 0;
  #breaksSinceMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** `mediaMs`: of the newest frame, on a timeline that goes on. Throws `IngestRejection` where that can't be. */
  reached(mediaMs: number): void {
    if (mediaMs < this.#checkAtMs) return;
    this.#checkAtMs = mediaMs + CHECK_INTERVAL_MS;
    const atMs = this.#monotonicMs();
    const before = this.#checked ?? { mediaMs, atMs };
    this.#checked = { mediaMs, atMs };
    const couldHaveMs = MAX_SPEED * (atMs - before.atMs);
    this.#leadMs = Math.max(0, this.#leadMs + mediaMs - before.mediaMs - couldHaveMs);
    if (this.#leadMs <= MAX_LEAD_MS) return;
    throw new IngestRejection(
      'implausible-timestamps',
      `timestamps are ahead of the clock by ${Math.round(this.#leadMs / 1000)} s: at most ${MAX_LEAD_MS / 1000} are taken`,
    );
  }

  /** Its timeline begins anew, or what it sends is another encoding. Throws `IngestRejection` where that happens all the time. */
  broke(): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#breaksSinceMs >= BREAKS_WINDOW_MS) {
      this.#breaksSinceMs = nowMs;
      this.#breaks = 0;
    }
    if (++this.#breaks <= MAX_BREAKS) return;
    throw new IngestRejection(
      'implausible-timestamps',
      `timestamps jumped or the encoding changed ${this.#breaks} times in ${BREAKS_WINDOW_MS / 1000} s: at most ${MAX_BREAKS} are taken`,
    );
  }
}
