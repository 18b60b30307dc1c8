import { metricDefinition } from './catalog.ts';
import type { SeriesKey, SeriesMinute } from './ports.ts';
import { SECOND_MS, SECONDS_A_MINUTE, Seconds } from './seconds.ts';
import type { Statistics, TimedStatistics } from './statistics.ts';

export const MINUTE_MS = SECOND_MS * SECONDS_A_MINUTE;

/** The minute of one series that is still going on. */
export class OpenSeries {
  readonly key: SeriesKey;
  readonly #minuteMs: number;
  readonly #seconds: Seconds | undefined;
  #sampleCount = 0;
  #sum = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;

  constructor(key: SeriesKey, minuteMs: number) {
    this.key = key;
    this.#minuteMs = minuteMs;
    const isHighResolution = metricDefinition(key.metric).resolutionSeconds === 1;
    this.#seconds = isHighResolution ? new Seconds() : undefined;
  }

  /** `second`: 0 to 59. */
  add(second: number, value: number): void {
    this.#sampleCount++;
    this.#sum += value;
    this.#minimum = Math.min(this.#minimum, value);
    this.#maximum = Math.max(this.#maximum, value);
    this.#seconds?.add(second, value);
  }

  get minute(): TimedStatistics | undefined {
    if (this.#sampleCount === 0) return undefined;
    const statistics: Statistics = {
      sampleCount: this.#sampleCount,
      sum: this.#sum,
      minimum: this.#minimum,
      maximum: this.#maximum,
    };
    return { startMs: this.#minuteMs, statistics };
  }

  close(): SeriesMinute | undefined {
    const { minute } = this;
    if (!minute) return undefined;
    const seconds = this.#seconds?.encode(this.#minuteMs);
    return { key: this.key, ...minute, ...(seconds && { seconds }) };
  }
}
