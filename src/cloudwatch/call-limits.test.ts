import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { replyText } from '../../test/support/playback.ts';
import { httpRequest } from '../control/testing/control-api-harness.ts';
import { rootOf } from '../domain/access.ts';
import type { HttpRequest } from '../lib/http.ts';
import { silentLogger } from '../lib/logger.ts';
import type { Resolution } from '../metrics/metric-history.ts';
import type { SeriesKey, TimeRange } from '../metrics/ports.ts';
import type { TimedStatistics } from '../metrics/statistics.ts';
import { createCloudWatchApi } from './cloudwatch-api.ts';
import type { CloudWatchContext } from './operation.ts';

const NOW = Date.UTC(2026, 0, 20);
const DAY_MS = 86_400_000;
const TENANT = { accountId: '123456789012', region: 'us-west-2' };

type History = CloudWatchContext['history'];

/** A point for every period that is asked for. */
function fullHistory() {
  const reads: number[] = [];
  const read = async (_key: SeriesKey, range: TimeRange, _: Resolution, periodMs = 60_000) => {
    const { fromMs, toMs } = range;
    reads.push((toMs - fromMs) / periodMs);
    const statistics = { sampleCount: 1, sum: 1, minimum: 1, maximum: 1 };
    const points: TimedStatistics[] = [];
    for (let startMs = fromMs; startMs < toMs; startMs += periodMs) {
      points.push({ startMs, statistics });
    }
    return points;
  };
  return { reads, read, listSeries: async () => [] };
}

function setUp(history: History) {
  const answered: (string | undefined)[] = [];
  const handler = createCloudWatchApi({
    history,
    clock: new FakeClock(NOW),
    random: randomBytes,
    logger: silentLogger,
    authenticator: { authenticate: () => ({ principal: rootOf(TENANT.accountId), ...TENANT }) },
    onAnswered: (_operation, error) => answered.push(error),
  });
  const callJson = async (operation: string, input: object, parts: Partial<HttpRequest> = {}) => {
    const headers = { 'x-amz-target': `GraniteServiceVersion20100801.${operation}` };
    const request = httpRequest({
      method: 'POST',
      path: '/',
      headers,
      body: JSON.stringify(input),
    });
    return JSON.parse(await replyText((await handler({ ...request, ...parts }))!));
  };
  return { handler, callJson, answered };
}

const MetricStat = {
  Metric: { Namespace: 'AWS/IVS', MetricName: 'ConcurrentViews', Dimensions: [] },
  Period: 60,
  Stat: 'Sum',
};
const queries = (count: number, Period: number) =>
  Array.from({ length: count }, (_, i) => ({ Id: `m${i}`, MetricStat: { ...MetricStat, Period } }));
const fortnight = { StartTime: (NOW - 14 * DAY_MS) / 1000, EndTime: NOW / 1000 };

test('GetMetricData ends a page where much was read for few points, and goes on with the token', async () => {
  const history = fullHistory();
  const { callJson } = setUp(history);
  const input = { ...fortnight, MetricDataQueries: queries(100, 86_400) };
  const found: string[] = [];
  const pages: number[] = [];
  for (let NextToken: string | undefined, i = 0; i === 0 || NextToken; i++) {
    const page = await callJson('GetMetricData', { ...input, ...(NextToken && { NextToken }) });
    for (const { Id, Values } of page.MetricDataResults) {
      found.push(Id);
      assert.equal(Values.length, 14);
    }
    pages.push(page.MetricDataResults.length);
    NextToken = page.NextToken;
  }
  assert.deepEqual(pages, [25, 25, 25, 25]);
  assert.deepEqual(
    found,
    input.MetricDataQueries.map(({ Id }) => Id),
  );
});

test('GetMetricData has fewer points in a page of XML, and all of them in its pages', async () => {
  const { handler } = setUp(fullHistory());
  const values: number[] = [];
  let token = '';
  do {
    const body = new URLSearchParams({
      ...{ Action: 'GetMetricData', Version: '2010-08-01' },
      StartTime: new Date(NOW - 14 * DAY_MS).toISOString(),
      EndTime: new Date(NOW).toISOString(),
      'MetricDataQueries.member.1.Id': 'm1',
      'MetricDataQueries.member.1.MetricStat.Metric.Namespace': 'AWS/IVS',
      'MetricDataQueries.member.1.MetricStat.Metric.MetricName': 'ConcurrentViews',
      'MetricDataQueries.member.1.MetricStat.Period': '60',
      'MetricDataQueries.member.1.MetricStat.Stat': 'Sum',
      ...(token && { NextToken: token }),
    }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await handler(httpRequest({ method: 'POST', path: '/', headers, body }));
    const xml = await replyText(reply!);
    values.push([...xml.matchAll(/<member>1<\/member>/g)].length);
    [, token = ''] = /<NextToken>(.*)<\/NextToken>/.exec(xml) ?? [];
  } while (token);
  assert.deepEqual(values, [10_000, 10_000, 160]);
});

test('ListMetrics never has more than 500 results in a page', async () => {
  const all = Array.from({ length: 1500 }, (_, i) => ({
    metric: i < 250 ? ('IngestBitrate' as const) : ('IngestFramerate' as const),
    dimensions: `Channel=${String(i).padStart(4, '0')}`,
  }));
  const { callJson } = setUp({
    ...fullHistory(),
    async listSeries(_tenant, { after, limit }) {
      const at = after ? all.findIndex(({ dimensions }) => dimensions === after.dimensions) + 1 : 0;
      return all.slice(at, at + limit);
    },
  });
  const listed = new Set<string>();
  let count = 0;
  for (let NextToken: string | undefined, i = 0; i === 0 || NextToken; i++) {
    const page = await callJson('ListMetrics', NextToken ? { NextToken } : {});
    assert.ok(page.Metrics.length <= 500, `${page.Metrics.length}`);
    count += page.Metrics.length;
    for (const metric of page.Metrics) listed.add(JSON.stringify(metric));
    NextToken = page.NextToken;
  }
  // IngestFramerate has a name with its track, too.
  assert.deepEqual([count, listed.size], [2750, 2750]);
});

test('a call whose client has gone stops reading', async () => {
  const history = fullHistory();
  let leave = () => {};
  const read: History['read'] = (...args) => {
    if (history.reads.length === 3) leave();
    return history.read(...args);
  };
  const { callJson, answered } = setUp({ ...history, read });
  const input = { ...fortnight, MetricDataQueries: queries(5, 60) };
  await callJson('GetMetricData', input, { onClose: (listener) => (leave = listener) });
  assert.equal(history.reads.length, 4);
  assert.deepEqual(answered, ['RequestCanceled']);
});

test('four calls are worked on at once; the others wait', async () => {
  const history = fullHistory();
  const { promise, resolve } = Promise.withResolvers<void>();
  let reading = 0;
  const read: History['read'] = async (...args) => {
    reading++;
    await promise;
    return history.read(...args);
  };
  const { callJson } = setUp({ ...history, read });
  const input = { ...fortnight, MetricDataQueries: queries(1, 86_400) };
  const calls = Array.from({ length: 10 }, () => callJson('GetMetricData', input));
  await new Promise(setImmediate);
  assert.equal(reading, 4);
  resolve();
  for (const { MetricDataResults } of await Promise.all(calls)) {
    assert.equal(MetricDataResults[0].Values.length, 14);
  }
});
