/** What CloudWatch keeps of a set of values: enough for every statistic over every longer period. */
export interface Statistics {
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

export const STATISTIC_NAMES = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type StatisticName = (typeof STATISTIC_NAMES)[number];

/** Statistics of what happened from `startMs` on, for a second or a minute. */
export interface TimedStatistics {
  readonly startMs: number;
  readonly statistics: Statistics;
}

function mergeStatistics(a: Statistics, b: Statistics): Statistics {
  return {
    sampleCount: a.sampleCount + b.sampleCount,
    sum: a.sum + b.sum,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

/** One for each piece of `periodMs` from `fromMs` on that has any, in the order of their times. */
export function inPeriods(
  points: readonly TimedStatistics[],
  fromMs: number,
  periodMs: number,
): TimedStatistics[] {
  const periods = new Map<number, Statistics>();
  for (const { startMs, statistics } of points) {
    const periodStartMs = startMs - ((startMs - fromMs) % periodMs);
    const known = periods.get(periodStartMs);
    periods.set(periodStartMs, known ? mergeStatistics(known, statistics) : statistics);
  }
  return Array.from(periods, ([startMs, statistics]) => ({ startMs, statistics })).sort(
    (a, b) => a.startMs - b.startMs,
  );
}

export function statisticOf(
  { sampleCount, sum, minimum, maximum }: Statistics,
  name: StatisticName,
): number {
  switch (name) {
    case 'SampleCount':
      return sampleCount;
    case 'Average':
      return sum / sampleCount;
    case 'Sum':
      return sum;
    case 'Minimum':
      return minimum;
    case 'Maximum':
      return maximum;
  }
}
