import type { StreamHealth } from './stream-session.ts';

/** Media is compared with the wall clock over this long. */
const WINDOW_MS = 5000;

/** No frame for this long is starvation, whatever came before. */
const STALL_MS = 3000;

/** An encoder that is connected and sends no picture at all is starving after this. */
const FIRST_FRAME_MS = 10_000;

/** Media that arrives slower than this part of real time drains every viewer's buffer. */
const STARVING_BELOW = 0.8;

/** Back to health above this; the distance to the other bound keeps an encoder at the edge from flapping. */
const HEALTHY_ABOVE = 0.95;

interface Observation {
  atMs: number;
  readonly mediaMs: number;
}

/**
 * Whether ingest keeps up with real time. Fed about once a second with how much media has arrived; decides from the
 * last few seconds.
 */
export class StreamHealthMonitor {
  #health: StreamHealth = 'UNKNOWN';
  readonly #observations: Observation[] = [];
  readonly #startedAtMs: number;

  /** All times on the same monotonic clock. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  get health(): StreamHealth {
    return this.#health;
  }

  /**
   * `mediaMs`: length of the video received so far. `lastFrameAtMs`: when the newest frame came in; undefined before the first.
   * Returns the health from now on.
   */
  observe(atMs: number, mediaMs: number, lastFrameAtMs: number | undefined): StreamHealth {
    this.#observations.push({ atMs, mediaMs });
    while ((this.#observations[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#observations.shift();
    this.#health = this.#decide(atMs, mediaMs, lastFrameAtMs);
    return this.#health;
  }

  /** For so long nobody took what came in: that time is not compared with the media's. */
  processStalled(stalledMs: number): void {
    for (const observation of this.#observations) observation.atMs += stalledMs;
  }

  /** The encoder's connection is gone: no frame will come. */
  disconnected(): StreamHealth {
    this.#observations.length = 0;
    this.#health = 'STARVING';
    return this.#health;
  }

  #decide(atMs: number, mediaMs: number, lastFrameAtMs: number | undefined): StreamHealth {
    if (lastFrameAtMs === undefined) {
      return atMs - this.#startedAtMs >= FIRST_FRAME_MS ? 'STARVING' : this.#health;
    }
    if (atMs - lastFrameAtMs >= STALL_MS) return 'STARVING';
    const oldest = this.#observations[0];
    if (oldest === undefined || oldest.atMs === atMs) return this.#health;
    const pace = (mediaMs - oldest.mediaMs) / (atMs - oldest.atMs);
    if (pace >= HEALTHY_ABOVE) return 'HEALTHY';
    if (pace < STARVING_BELOW && atMs - oldest.atMs >= WINDOW_MS) return 'STARVING';
    return this.#health;
  }
}
