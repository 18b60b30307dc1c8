import { compareKept, type MetricStore, type SeriesKey, type SeriesMinute } from '../ports.ts';
import { inPeriods } from '../statistics.ts';

const isSame = (a: SeriesKey, b: SeriesKey): boolean =>
  a.accountId === b.accountId && a.region === b.region && compareKept(a, b) === 0;

/** Keeps what it is told, unless it is broken. */
export class MemoryMetricStore implements MetricStore {
  readonly minutes: SeriesMinute[] = [];
  isBroken = false;
  /** Awaited by each append. */
  gate: Promise<void> = Promise.resolve();

  append: MetricStore['append'] = async (minutes) => {
    await this.gate;
    if (this.isBroken) throw new Error('the disk is full');
    this.minutes.push(...minutes);
  };

  readMinutes: MetricStore['readMinutes'] = async (key, { fromMs, toMs }, periodMs) => {
    const minutes = this.minutes
      .filter((minute) => isSame(minute.key, key))
      .filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
    return inPeriods(minutes, fromMs, periodMs);
  };

  readSeconds: MetricStore['readSeconds'] = async (key, { fromMs, toMs }) =>
    this.minutes
      .filter((minute) => isSame(minute.key, key))
      .flatMap(({ seconds }) => seconds ?? [])
      .filter(({ startMs }) => startMs >= fromMs && startMs < toMs);

  listSeries: MetricStore['listSeries'] = async (tenant, { after, limit }) => {
    const kept = this.minutes
      .map(({ key }) => key)
      .filter((key) => key.accountId === tenant.accountId && key.region === tenant.region)
      .filter((key) => after === undefined || compareKept(key, after) > 0)
      .sort(compareKept);
    return kept.filter((key, i) => i === 0 || compareKept(kept[i - 1]!, key) !== 0).slice(0, limit);
  };

  deleteBefore: MetricStore['deleteBefore'] = async () => {};
}
