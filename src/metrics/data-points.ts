import { metricDefinition } from './catalog.ts';
import { type MetricHistory, MINUTES_KEPT_MS, SECONDS_KEPT_MS } from './metric-history.ts';
import { MINUTE_MS } from './open-series.ts';
import type { SeriesKey } from './ports.ts';
import { SECOND_MS } from './seconds.ts';
import { mergeStatistics, type Statistics, type TimedStatistics } from './statistics.ts';

/** How a stretch of time is cut: from `startMs` on, into pieces of `periodMs`. Both are on whole seconds. */
export interface Timetable {
  readonly startMs: number;
  /** Without it. */
  readonly endMs: number;
  readonly periodMs: number;
}

/** Points that are read at once: milliseconds on the thread that media is on, and then others have their turn. */
const READ_AT_ONCE = 1440;

/**
 * The timetable of a request, as CloudWatch rounds it: the start down to a whole minute, or, for shorter periods, to a
 * division of the minute. What is older than anything that is kept, or in the future, is left out by whole periods.
 */
export function timetableOf(
  request: { readonly startMs: number; readonly endMs: number; readonly periodSeconds: number },
  nowMs: number,
): Timetable {
  const periodMs = request.periodSeconds * SECOND_MS;
  const stepMs = Math.min(periodMs, MINUTE_MS);
  const startMs = request.startMs - modulo(request.startMs, stepMs);
  const keptMs = periodMs < MINUTE_MS ? SECONDS_KEPT_MS : MINUTES_KEPT_MS;
  const expired = Math.max(0, Math.floor((nowMs - keptMs - startMs) / periodMs));
  return {
    startMs: startMs + expired * periodMs,
    endMs: Math.min(request.endMs, nowMs + periodMs),
    periodMs,
  };
}

/** How many points there can be. */
export function periodCount({ startMs, endMs, periodMs }: Timetable): number {
  return Math.max(0, Math.ceil((endMs - startMs) / periodMs));
}

/** Points in the order of time, or against it, some at a time; periods of which nothing is known have none. */
export async function* dataPoints(
  history: Pick<MetricHistory, 'read'>,
  key: SeriesKey,
  timetable: Timetable,
  isDescending: boolean,
): AsyncGenerator<readonly TimedStatistics[]> {
  const { startMs, endMs, periodMs } = timetable;
  const isHighResolution = metricDefinition(key.metric).resolutionSeconds === 1;
  const resolution = periodMs < MINUTE_MS && isHighResolution ? 'seconds' : 'minutes';
  const unitMs = resolution === 'seconds' ? SECOND_MS : MINUTE_MS;
  const count = periodCount(timetable);
  const step = Math.max(1, Math.floor((READ_AT_ONCE * unitMs) / periodMs));
  for (let done = 0; done < count; done += step) {
    const length = Math.min(step, count - done);
    const fromMs = startMs + (isDescending ? count - done - length : done) * periodMs;
    const toMs = Math.min(endMs, fromMs + length * periodMs);
    const points = inPeriods(await history.read(key, { fromMs, toMs }, resolution), timetable);
    yield isDescending ? points.reverse() : points;
  }
}

function inPeriods(
  points: readonly TimedStatistics[],
  { startMs, periodMs }: Timetable,
): TimedStatistics[] {
  const periods = new Map<number, Statistics>();
  for (const point of points) {
    const periodStartMs = point.startMs - ((point.startMs - startMs) % periodMs);
    const known = periods.get(periodStartMs);
    periods.set(periodStartMs, known ? mergeStatistics(known, point.statistics) : point.statistics);
  }
  return Array.from(periods, ([periodStartMs, statistics]) => ({
    startMs: periodStartMs,
    statistics,
  }));
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;
