import * as v from 'valibot';
import { keptMetric, metricDefinition } from '../metrics/catalog.ts';
import { dataPoints, periodCount, timetableOf } from '../metrics/data-points.ts';
import { STATISTIC_NAMES, statisticOf } from '../metrics/statistics.ts';
import { CloudWatchError } from './errors.ts';
import { cloudWatchOperation } from './operation.ts';
import {
  dimensions,
  identityOf,
  integer,
  isPeriod,
  listOf,
  metricName,
  namespace,
  structure,
  timestamp,
  unit,
} from './shapes.ts';

/** "The maximum number of data points returned from a single call is 1,440." */
const MAX_DATAPOINTS = 1440;

/** What older tools ask. */
export const getMetricStatistics = cloudWatchOperation({
  name: 'GetMetricStatistics',
  input: structure({
    Namespace: namespace,
    MetricName: metricName,
    Dimensions: v.optional(dimensions, []),
    StartTime: timestamp,
    EndTime: timestamp,
    Period: v.pipe(
      integer,
      v.check(isPeriod, 'Period must be 1, 5, 10, 20, 30 or a multiple of 60'),
    ),
    Statistics: v.optional(
      listOf(v.picklist(STATISTIC_NAMES, `must be one of ${STATISTIC_NAMES.join(', ')}`), {
        max: STATISTIC_NAMES.length,
      }),
      [],
    ),
    Unit: unit,
  }),

  async run(input, { tenant, history, clock, signal }) {
    const { StartTime: startMs, EndTime: endMs, Period: periodSeconds, Statistics } = input;
    if (startMs >= endMs) {
      throw new CloudWatchError(
        'InvalidParameterValueException',
        'The parameter StartTime must be less than the parameter EndTime.',
      );
    }
    if (Statistics.length === 0) {
      throw new CloudWatchError(
        'MissingRequiredParameterException',
        'The parameter Statistics is required: ExtendedStatistics are not kept.',
      );
    }
    const requested = periodCount({ startMs, endMs, periodMs: periodSeconds * 1000 });
    if (requested > MAX_DATAPOINTS) {
      throw new CloudWatchError(
        'InvalidParameterCombinationException',
        `You have requested up to ${requested} datapoints, which exceeds the limit of ${MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
      );
    }
    const kept = keptMetric(identityOf(input));
    const Datapoints: object[] = [];
    const Unit = kept && metricDefinition(kept.metric).unit;
    if (kept && (input.Unit === undefined || input.Unit === Unit)) {
      const timetable = timetableOf({ startMs, endMs, periodSeconds }, clock.nowMs());
      const key = { ...tenant, ...kept };
      const order = { isDescending: false, signal };
      for await (const points of dataPoints(history, key, timetable, order)) {
        for (const { startMs: pointMs, statistics } of points) {
          const values = Statistics.map((name) => [name, statisticOf(statistics, name)]);
          Datapoints.push({ Timestamp: new Date(pointMs), ...Object.fromEntries(values), Unit });
        }
      }
    }
    return { Label: input.MetricName, Datapoints };
  },
});
