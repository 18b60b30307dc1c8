import type { Tenant } from '../domain/tenant.ts';
import type { KeptMetric } from './catalog.ts';
import type { Statistics, TimedStatistics } from './statistics.ts';

/** One metric with one set of dimensions, of one tenant. */
export interface SeriesKey extends Tenant, KeptMetric {}

/** A series' minute that is over. */
export interface SeriesMinute {
  readonly key: SeriesKey;
  /** On a whole minute. */
  readonly startMs: number;
  readonly statistics: Statistics;
  /** High-resolution metrics only. */
  readonly seconds?: SecondsRun;
}

/** Seconds of one minute that follow on each other; `points` is what `encodeSeconds` makes of them. */
export interface SecondsRun {
  /** Of the first second. */
  readonly startMs: number;
  readonly points: Uint8Array;
}

/** From `fromMs` on, up to and without `toMs`. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where a listing goes on: behind this metric and these dimensions. */
export type SeriesCursor = KeptMetric;

export interface SeriesPage {
  /** Absent: from the beginning. */
  readonly after?: SeriesCursor | undefined;
  /** Those that had values at this time, or later. */
  readonly activeSinceMs: number;
  readonly limit: number;
}

/** The durable past. A write that was acknowledged is seen by the next read. */
export interface MetricStore {
  /** All or nothing. A minute that is there already, from before a restart, is added to. */
  append(minutes: readonly SeriesMinute[]): Promise<void>;
  /**
   * Minutes of each piece of `periodMs`, counted from the range's beginning, as one; in the order of their times, as are seconds.
   */
  readMinutes(
    key: SeriesKey,
    range: TimeRange,
    periodMs: number,
  ): Promise<readonly TimedStatistics[]>;
  /** Runs that begin in the range. */
  readSeconds(key: SeriesKey, range: TimeRange): Promise<readonly SecondsRun[]>;
  /** In the order of metrics and dimensions, as `compareKept` has it. */
  listSeries(tenant: Tenant, page: SeriesPage): Promise<readonly KeptMetric[]>;
  /** In many small steps; none begins after `signal`. */
  deleteBefore(
    limits: { readonly secondsMs: number; readonly minutesMs: number },
    signal: AbortSignal,
  ): Promise<void>;
}

/** By code units, as databases compare text. */
export function compareKept(a: KeptMetric, b: KeptMetric): number {
  return compare(a.metric, b.metric) || compare(a.dimensions, b.dimensions);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
