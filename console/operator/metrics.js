// Charts: IVS's metrics as CloudWatch's GetMetricData tells them.

import { idOf } from './words.js';

const LINES = {
  bitRate: { metric: 'IngestBitrate', statistic: 'Average', minPeriodSeconds: 1 },
  frameRate: { metric: 'IngestFramerate', statistic: 'Average', minPeriodSeconds: 1 },
  viewers: { metric: 'ConcurrentViews', statistic: 'Maximum', minPeriodSeconds: 60 },
};

/**
 * Charts of channels by their ARNs: each has a list of `{ atMs, value }` for each of `lines`, oldest first, and the range. One
 * call, so at most 500 lines.
 */
export async function readCharts(client, channelArns, { lines, startMs, endMs, periodSeconds }) {
  const queries = channelArns.flatMap((arn, index) =>
    lines.map((line) => queryOf(`${line}${index}`, LINES[line], idOf(arn), periodSeconds)),
  );
  if (queries.length === 0) return new Map();
  const { MetricDataResults } = await client.cloudwatch('GetMetricData', {
    MetricDataQueries: queries,
    StartTime: startMs / 1000,
    EndTime: endMs / 1000,
    ScanBy: 'TimestampAscending',
  });
  const pointsOf = new Map(MetricDataResults.map((result) => [result.Id, points(result)]));
  return new Map(
    channelArns.map((arn, index) => [
      arn,
      Object.fromEntries(
        lines.map((line) => [
          line,
          {
            points: pointsOf.get(`${line}${index}`) ?? [],
            startMs,
            endMs,
            periodMs: 1000 * Math.max(periodSeconds, LINES[line].minPeriodSeconds),
          },
        ]),
      ),
    ]),
  );
}

function queryOf(Id, { metric, statistic, minPeriodSeconds }, channelId, periodSeconds) {
  return {
    Id,
    MetricStat: {
      Metric: {
        Namespace: 'AWS/IVS',
        MetricName: metric,
        Dimensions: [{ Name: 'Channel', Value: channelId }],
      },
      Period: Math.max(periodSeconds, minPeriodSeconds),
      Stat: statistic,
    },
  };
}

function points({ Timestamps, Values }) {
  return Timestamps.map((seconds, index) => ({ atMs: seconds * 1000, value: Values[index] }));
}
