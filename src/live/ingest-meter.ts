import type { ReceivedMedia } from '../domain/stream-measurements.ts';

/** What came in from the start: it never becomes less. */
export type IngestCounts = Omit<ReceivedMedia, 'mediaMs'>;

export interface IngestRates {
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
  readonly framesPerSecond: number;
}

/** IVS's console draws a point every five seconds. */
const WINDOW_SAMPLES = 5;

/** What an encoder sends a second, by the clock: a stream that came to a halt has a rate of 0. */
export class IngestMeter {
  readonly #samples: (IngestCounts & { readonly atMs: number })[] = [];

  /** Once a second; `atMs` on a monotonic clock. */
  sample(counts: IngestCounts, atMs: number): void {
    this.#samples.push({ ...counts, atMs });
    if (this.#samples.length > WINDOW_SAMPLES + 1) this.#samples.shift();
  }

  /** Over the last five seconds, or those that there were. */
  get rates(): IngestRates {
    const [oldest, newest] = [this.#samples[0], this.#samples.at(-1)];
    const seconds = oldest && newest ? (newest.atMs - oldest.atMs) / 1000 : 0;
    if (!oldest || !newest || seconds <= 0) {
      return { videoBitrateBps: 0, audioBitrateBps: 0, framesPerSecond: 0 };
    }
    const rate = (name: keyof IngestCounts) => (newest[name] - oldest[name]) / seconds;
    return {
      videoBitrateBps: rate('videoByteLength') * 8,
      audioBitrateBps: rate('audioByteLength') * 8,
      framesPerSecond: rate('frames'),
    };
  }
}
