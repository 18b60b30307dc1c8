import { metricDefinition } from './catalog.ts';
import {
  type MetricHistory,
  MINUTES_KEPT_MS,
  type Resolution,
  SECONDS_KEPT_MS,
} from './metric-history.ts';
import { MINUTE_MS } from './open-series.ts';
import type { SeriesKey } from './ports.ts';
import { SECOND_MS } from './seconds.ts';
import type { TimedStatistics } from './statistics.ts';

/** How a stretch of time is cut: from `startMs` on, into pieces of `periodMs`. Both are on whole seconds. */
export interface Timetable {
  readonly startMs: number;
  /** Without it. */
  readonly endMs: number;
  readonly periodMs: number;
}

/** What one read brings at most: milliseconds on the thread that media is on, and then others have their turn. */
const READ_AT_ONCE = 1440;

const DAY_MS = 86_400_000;
const UNIT_MS = { seconds: SECOND_MS, minutes: MINUTE_MS } as const;
const KEPT_MS = { seconds: SECONDS_KEPT_MS, minutes: MINUTES_KEPT_MS } as const;

/**
 * The timetable of a request, as CloudWatch rounds it: the start down to a whole minute, or, for shorter periods, to a
 * division of the minute; further back it is coarser. What is older than anything that is kept, or in the future, is left out by whole periods.
 */
export function timetableOf(
  request: { readonly startMs: number; readonly endMs: number; readonly periodSeconds: number },
  nowMs: number,
): Timetable {
  const periodMs = request.periodSeconds * SECOND_MS;
  const stepMs = roundingMs(nowMs - request.startMs, periodMs);
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

/** How many values of a second or a minute may have to be read for it. */
export function valueCount(key: SeriesKey, { startMs, endMs, periodMs }: Timetable): number {
  const resolution = resolutionOf(key, periodMs);
  const rangeMs = Math.min(endMs - startMs, KEPT_MS[resolution] + periodMs);
  return Math.max(0, Math.ceil(rangeMs / UNIT_MS[resolution]));
}

/** Points in the order of time, or against it, some at a time; periods of which nothing is known have none. */
export async function* dataPoints(
  history: Pick<MetricHistory, 'read'>,
  key: SeriesKey,
  timetable: Timetable,
  options: { readonly isDescending: boolean; readonly signal: AbortSignal },
): AsyncGenerator<readonly TimedStatistics[]> {
  const { startMs, endMs, periodMs } = timetable;
  const { isDescending, signal } = options;
  const resolution = resolutionOf(key, periodMs);
  const count = periodCount(timetable);
  // The store makes periods of minutes; seconds come as they are.
  const valuesAPeriod = resolution === 'seconds' ? periodMs / SECOND_MS : 1;
  const step = Math.floor(READ_AT_ONCE / valuesAPeriod);
  for (let done = 0; done < count; done += step) {
    signal.throwIfAborted();
    const length = Math.min(step, count - done);
    const fromMs = startMs + (isDescending ? count - done - length : done) * periodMs;
    const toMs = Math.min(endMs, fromMs + length * periodMs);
    const points = await history.read(key, { fromMs, toMs }, resolution, periodMs);
    yield isDescending ? points.reverse() : points;
  }
}

function resolutionOf({ metric }: SeriesKey, periodMs: number): Resolution {
  const isHighResolution = metricDefinition(metric).resolutionSeconds === 1;
  return periodMs < MINUTE_MS && isHighResolution ? 'seconds' : 'minutes';
}

/**
 * "Start time less than 15 days ago - Round down to the nearest whole minute … between 15 and 63 days ago - … 5-minute clock
 * interval … greater than 63 days ago - … 1-hour clock interval" (CloudWatch, GetMetricStatistics).
 */
function roundingMs(ageMs: number, periodMs: number): number {
  if (ageMs > 63 * DAY_MS) return 60 * MINUTE_MS;
  if (ageMs > 15 * DAY_MS) return 5 * MINUTE_MS;
  return Math.min(periodMs, MINUTE_MS);
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;
