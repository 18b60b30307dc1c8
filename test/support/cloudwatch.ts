import {
  CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { ACCESS_KEY, type IvoryAccess, REGION } from './ivory.ts';

/** A client of Ivory's CloudWatch as the SDK makes one. */
export function cloudWatchOf(ivory: IvoryAccess): CloudWatchClient & Disposable {
  const client = new CloudWatchClient({
    endpoint: ivory.url,
    region: REGION,
    credentials: ACCESS_KEY,
    maxAttempts: 1,
  });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}

/** The points of a channel's metric in the last minutes, oldest first. */
export async function pointsOf(
  client: CloudWatchClient,
  metricName: string,
  options: {
    readonly channelArn?: string;
    readonly periodSeconds: number;
    readonly stat?: string;
    readonly minutes?: number;
  },
): Promise<readonly { readonly atMs: number; readonly value: number }[]> {
  const { channelArn, periodSeconds, stat = 'Average', minutes = 5 } = options;
  const channel = channelArn?.split('/').at(-1);
  const query: MetricDataQuery = {
    Id: 'm1',
    MetricStat: {
      Metric: {
        Namespace: 'AWS/IVS',
        MetricName: metricName,
        ...(channel !== undefined && { Dimensions: [{ Name: 'Channel', Value: channel }] }),
      },
      Period: periodSeconds,
      Stat: stat,
    },
  };
  const now = Date.now();
  const { MetricDataResults } = await client.send(
    new GetMetricDataCommand({
      MetricDataQueries: [query],
      StartTime: new Date(now - minutes * 60_000),
      EndTime: new Date(now + 60_000),
      ScanBy: 'TimestampAscending',
    }),
  );
  const { Timestamps = [], Values = [] } = MetricDataResults?.[0] ?? {};
  return Timestamps.map((time, i) => ({ atMs: time.getTime(), value: Values[i]! }));
}
