import type { Tenant } from '../domain/tenant.ts';
import type { Logger } from '../lib/logger.ts';
import type { KeptMetric } from './catalog.ts';
import { MINUTE_MS, OpenSeries } from './open-series.ts';
import {
  compareKept,
  type MetricStore,
  type SeriesKey,
  type SeriesMinute,
  type SeriesPage,
  type TimeRange,
} from './ports.ts';
import { decodeSeconds, SECOND_MS } from './seconds.ts';
import { inPeriods, type TimedStatistics } from './statistics.ts';

/** "Data points with a period of less than 60 seconds are available for 3 hours" (CloudWatch, GetMetricData). */
export const SECONDS_KEPT_MS = 3 * 3_600_000;
/** "Data points with a period of 60 seconds (1-minute) are available for 15 days". */
export const MINUTES_KEPT_MS = 15 * 86_400_000;

/** Minutes that wait for a store in trouble; then the oldest are given up. */
const MAX_UNSAVED_MINUTES = 15;

export type Resolution = 'seconds' | 'minutes';

/**
 * What was measured, and what is being measured now. The minute that is going on is in memory, and what a crash loses; a minute
 * that is over is written at once, all of its series in one transaction.
 */
export class MetricHistory {
  readonly #store: MetricStore;
  readonly #log: Logger;
  #minuteMs = 0;
  readonly #open = new Map<string, OpenSeries>();
  /** The same by the objects that values were added with: the next ones come with them, and need no name. */
  readonly #openByKey = new Map<SeriesKey, OpenSeries>();
  /** Oldest first. */
  #unsaved: (readonly SeriesMinute[])[] = [];
  /** Until all that waits is written, or was tried. */
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  #saves = 0;

  constructor(store: MetricStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * A value of the second that began at `secondMs`, a whole second. Seconds come in order; the first of a minute ends the
   * last. Cheaper with the same object as `key` each time.
   */
  add(key: SeriesKey, secondMs: number, value: number): void {
    const minuteMs = secondMs - (secondMs % MINUTE_MS);
    if (minuteMs !== this.#minuteMs) this.#begin(minuteMs);
    const series = this.#openByKey.get(key) ?? this.#openSeries(key);
    series.add((secondMs - minuteMs) / SECOND_MS, value);
  }

  /** Writes what is open, as if its minute were over: it can go on all the same. Resolves when it was tried. */
  async flush(): Promise<void> {
    this.#begin(this.#minuteMs);
    await this.#saving;
    // What was being written may have failed before it came to this minute.
    await this.#save();
  }

  /** As if nothing had ever been measured. */
  forget(): void {
    this.#open.clear();
    this.#openByKey.clear();
    this.#unsaved = [];
  }

  /**
   * What there is in the range, in the order of time: a point for each piece of `periodMs`, counted from the range's beginning.
   * A second or minute that was measured in two pieces, in memory and before a restart, or before the clock was set back, is one.
   */
  async read(
    key: SeriesKey,
    range: TimeRange,
    resolution: Resolution,
    periodMs = resolution === 'seconds' ? SECOND_MS : MINUTE_MS,
  ): Promise<TimedStatistics[]> {
    for (;;) {
      while (this.#isSaving) await this.#saving;
      const saves = this.#saves;
      const inMemory = this.#inMemory(key, range, resolution);
      const stored =
        resolution === 'seconds'
          ? await this.#readSeconds(key, range)
          : await this.#store.readMinutes(key, range, periodMs);
      // A minute that was written meanwhile may be in both: once more, which can happen once a minute.
      if (saves === this.#saves) {
        return inPeriods([...stored, ...inMemory], range.fromMs, periodMs);
      }
    }
  }

  /** As `MetricStore` does, with what is in memory. */
  async listSeries(tenant: Tenant, page: SeriesPage): Promise<readonly KeptMetric[]> {
    const { after, limit } = page;
    const inMemory = this.#inMemoryKeys(tenant).filter(
      (key) => after === undefined || compareKept(key, after) > 0,
    );
    const stored = await this.#store.listSeries(tenant, page);
    const all = [...stored, ...inMemory].sort(compareKept);
    return all
      .filter((kept, i) => i === 0 || compareKept(all[i - 1] ?? kept, kept) !== 0)
      .slice(0, limit);
  }

  /** Forgets what CloudWatch would; what is left when `signal` comes is for the next time. */
  deleteExpired(nowMs: number, signal: AbortSignal): Promise<void> {
    const secondsMs = nowMs - SECONDS_KEPT_MS - MINUTE_MS;
    const minutesMs = nowMs - MINUTES_KEPT_MS;
    return this.#store.deleteBefore({ secondsMs, minutesMs }, signal);
  }

  #openSeries(key: SeriesKey): OpenSeries {
    const name = nameOf(key);
    const series = this.#open.get(name) ?? new OpenSeries(key, this.#minuteMs);
    this.#open.set(name, series);
    this.#openByKey.set(key, series);
    return series;
  }

  #begin(minuteMs: number): void {
    const closed = [...this.#open.values()].flatMap((series) => series.close() ?? []);
    this.#open.clear();
    this.#openByKey.clear();
    this.#minuteMs = minuteMs;
    if (closed.length > 0) this.#unsaved.push(closed);
    while (this.#unsaved.length > MAX_UNSAVED_MINUTES) this.#unsaved.shift();
    void this.#save();
  }

  /** One at a time: what comes while it goes on is written by it, too. */
  #save(): Promise<void> {
    if (this.#unsaved.length > 0 && !this.#isSaving) this.#saving = this.#write();
    return this.#saving;
  }

  async #write(): Promise<void> {
    this.#isSaving = true;
    this.#saves++;
    try {
      for (let [batch] = this.#unsaved; batch; [batch] = this.#unsaved) {
        await this.#store.append(batch);
        if (this.#unsaved[0] === batch) this.#unsaved.shift();
      }
    } catch (error) {
      this.#log.error(
        { err: error, minutes: this.#unsaved.length },
        'cannot write metrics: they wait in memory',
      );
    } finally {
      this.#isSaving = false;
    }
  }

  async #readSeconds(key: SeriesKey, range: TimeRange): Promise<readonly TimedStatistics[]> {
    // A run begins in the minute of its seconds.
    const fromMs = range.fromMs - (range.fromMs % MINUTE_MS);
    const runs = await this.#store.readSeconds(key, { ...range, fromMs });
    return runs.flatMap(decodeSeconds).filter(isIn(range));
  }

  #inMemory(key: SeriesKey, range: TimeRange, resolution: Resolution): readonly TimedStatistics[] {
    const name = nameOf(key);
    const minutes = this.#unsaved.flatMap((batch) =>
      batch.filter((minute) => nameOf(minute.key) === name),
    );
    const open = this.#open.get(name)?.close();
    if (open) minutes.push(open);
    const points =
      resolution === 'minutes'
        ? minutes.map(({ startMs, statistics }) => ({ startMs, statistics }))
        : minutes.flatMap(({ seconds }) => (seconds ? decodeSeconds(seconds) : []));
    return points.filter(isIn(range));
  }

  #inMemoryKeys(tenant: Tenant): readonly KeptMetric[] {
    const open = [...this.#open.values()].map(({ key }) => key);
    const unsaved = this.#unsaved.flatMap((batch) => batch.map(({ key }) => key));
    return [...open, ...unsaved].filter(
      ({ accountId, region }) => accountId === tenant.accountId && region === tenant.region,
    );
  }
}

const nameOf = ({ accountId, region, metric, dimensions }: SeriesKey): string =>
  `${accountId} ${region} ${metric} ${dimensions}`;

const isIn =
  ({ fromMs, toMs }: TimeRange) =>
  ({ startMs }: TimedStatistics): boolean =>
    startMs >= fromMs && startMs < toMs;
