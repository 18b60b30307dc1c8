import * as v from 'valibot';
import { keptMetric, metricDefinition } from '../metrics/catalog.ts';
import { dataPoints, type Timetable, timetableOf, valueCount } from '../metrics/data-points.ts';
import { STATISTIC_NAMES, statisticOf } from '../metrics/statistics.ts';
import { CloudWatchError } from './errors.ts';
import { type CloudWatchContext, cloudWatchOperation, MAX_DATAPOINTS } from './operation.ts';
import {
  flag,
  identityOf,
  integer,
  isPeriod,
  listOf,
  metric,
  nextToken,
  structure,
  timestamp,
  unit,
} from './shapes.ts';

/** "A single call can include up to 500 metrics". */
const MAX_QUERIES = 500;
/** Half a second of work, most of it in the store's thread. Who asks for more goes on with the token. */
const MAX_VALUES_READ = 500_000;

const query = structure({
  Id: v.pipe(v.string(), v.maxLength(255), v.regex(/^[a-z][a-zA-Z0-9_]*$/)),
  MetricStat: v.optional(
    structure({
      Metric: metric,
      Period: v.pipe(
        integer,
        v.check(isPeriod, 'Period must be 1, 5, 10, 20, 30 or a multiple of 60'),
      ),
      Stat: v.picklist(STATISTIC_NAMES, `Ivory's statistics are ${STATISTIC_NAMES.join(', ')}`),
      Unit: unit,
    }),
  ),
  Expression: v.optional(v.string()),
  Label: v.optional(v.pipe(v.string(), v.maxLength(10_000))),
  ReturnData: v.optional(flag, true),
});

type Query = v.InferOutput<typeof query>;
type MetricStat = NonNullable<Query['MetricStat']>;

interface Range {
  readonly startMs: number;
  readonly endMs: number;
  readonly isDescending: boolean;
}

interface MetricDataResult {
  readonly Id: string;
  readonly Label: string;
  readonly Timestamps: readonly Date[];
  readonly Values: readonly number[];
  readonly StatusCode: 'Complete' | 'PartialData';
}

export const getMetricData = cloudWatchOperation({
  name: 'GetMetricData',
  inputError: 'ValidationError',
  input: structure({
    MetricDataQueries: listOf(query, { min: 1, max: MAX_QUERIES }),
    StartTime: timestamp,
    EndTime: timestamp,
    NextToken: v.optional(nextToken),
    ScanBy: v.optional(
      v.picklist(['TimestampDescending', 'TimestampAscending']),
      'TimestampDescending',
    ),
    MaxDatapoints: v.optional(v.pipe(integer, v.maxValue(MAX_DATAPOINTS)), MAX_DATAPOINTS),
  }),

  async run(input, context) {
    const { StartTime: startMs, EndTime: endMs, MaxDatapoints } = input;
    if (startMs >= endMs) {
      throw new CloudWatchError(
        'ValidationError',
        'The parameter StartTime must be less than the parameter EndTime.',
      );
    }
    const queries = input.MetricDataQueries;
    checkQueries(queries);
    const range = { startMs, endMs, isDescending: input.ScanBy === 'TimestampDescending' };
    const results: MetricDataResult[] = [];
    let place: Place = readToken(input.NextToken);
    let room = Math.min(MaxDatapoints, context.maxDatapoints);
    let effort = MAX_VALUES_READ;
    for (; place.query < queries.length; place = { query: place.query + 1 }) {
      if (room === 0 || effort <= 0) break;
      const asked = queries[place.query];
      if (!asked?.MetricStat || !asked.ReturnData) continue;
      const page = await readPage(asked.MetricStat, range, { fromMs: place.timeMs, room }, context);
      const { Timestamps, Values, valuesRead, nextMs } = page;
      const StatusCode = nextMs === undefined ? 'Complete' : 'PartialData';
      const Label = asked.Label ?? asked.MetricStat.Metric.MetricName;
      results.push({ Id: asked.Id, Label, Timestamps, Values, StatusCode });
      room -= Values.length;
      effort -= valuesRead;
      if (nextMs !== undefined) {
        const NextToken = writeToken({ ...place, timeMs: nextMs });
        return { MetricDataResults: results, NextToken, Messages: [] };
      }
    }
    return {
      MetricDataResults: results,
      ...(place.query < queries.length && { NextToken: writeToken(place) }),
      Messages: [],
    };
  },
});

function checkQueries(queries: readonly Query[]): void {
  const ids = new Set<string>();
  for (const { Id, MetricStat, Expression } of queries) {
    if (ids.has(Id)) {
      throw new CloudWatchError(
        'ValidationError',
        `The value ${Id} for parameter Id is not unique.`,
      );
    }
    ids.add(Id);
    if (Expression !== undefined) {
      throw new CloudWatchError(
        'ValidationError',
        `The query ${Id} has an Expression: Ivory answers queries with a MetricStat only.`,
      );
    }
    if (MetricStat === undefined) {
      throw new CloudWatchError('ValidationError', `The query ${Id} has no MetricStat.`);
    }
  }
}

interface Page extends Pick<MetricDataResult, 'Timestamps' | 'Values'> {
  readonly valuesRead: number;
  /** The point to go on with; absent: there is no more. */
  readonly nextMs?: number;
}

async function readPage(
  { Metric, Period: periodSeconds, Stat, Unit }: MetricStat,
  { startMs, endMs, isDescending }: Range,
  { fromMs, room }: { readonly fromMs: number | undefined; readonly room: number },
  { history, clock, tenant, signal }: CloudWatchContext,
): Promise<Page> {
  const Timestamps: Date[] = [];
  const Values: number[] = [];
  const kept = keptMetric(identityOf(Metric));
  if (!kept || (Unit !== undefined && Unit !== metricDefinition(kept.metric).unit)) {
    return { Timestamps, Values, valuesRead: 0 };
  }
  const key = { ...tenant, ...kept };
  const whole = timetableOf({ startMs, endMs, periodSeconds }, clock.nowMs());
  const timetable = fromMs === undefined ? whole : restOf(whole, fromMs, isDescending);
  const valuesRead = valueCount(key, timetable);
  for await (const some of dataPoints(history, key, timetable, { isDescending, signal })) {
    for (const { startMs: pointMs, statistics } of some) {
      if (Values.length === room) return { Timestamps, Values, valuesRead, nextMs: pointMs };
      Timestamps.push(new Date(pointMs));
      Values.push(statisticOf(statistics, Stat));
    }
  }
  return { Timestamps, Values, valuesRead };
}

/** What is left when the point at `fromMs` is the next one. */
function restOf(timetable: Timetable, fromMs: number, isDescending: boolean): Timetable {
  const { startMs, endMs, periodMs } = timetable;
  const done = Math.max(0, Math.floor((fromMs - startMs) / periodMs));
  return isDescending
    ? { ...timetable, endMs: Math.min(endMs, startMs + (done + 1) * periodMs) }
    : { ...timetable, startMs: startMs + done * periodMs };
}

/** Where the next page begins: in this query, at this point of it or at its first one. */
interface Place {
  readonly query: number;
  readonly timeMs?: number;
}

const NO_TIME = '';

function writeToken({ query, timeMs }: Place): string {
  return Buffer.from(`${query}.${timeMs ?? NO_TIME}`).toString('base64url');
}

function readToken(token: string | undefined): Place {
  if (!token) return { query: 0 };
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const [, query, timeMs] = /^([0-9]{1,3})\.([0-9]{0,15})$/.exec(text) ?? [];
  if (query === undefined || timeMs === undefined) {
    throw new CloudWatchError('InvalidNextToken', 'The NextToken is not one of this operation');
  }
  return { query: Number(query), ...(timeMs !== NO_TIME && { timeMs: Number(timeMs) }) };
}
