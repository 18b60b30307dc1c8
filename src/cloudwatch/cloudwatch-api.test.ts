import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type MetricDataQuery,
  paginateGetMetricData,
} from '@aws-sdk/client-cloudwatch';
import {
  AwsJson1_0Protocol,
  AwsQueryProtocol,
  AwsSmithyRpcV2CborProtocol,
} from '@aws-sdk/core/protocols';
import fc from 'fast-check';
import { replyText } from '../../test/support/playback.ts';
import { systemClock } from '../adapters/system.ts';
import { AccessKeyRing } from '../control/access-key-file.ts';
import { SignatureAuthenticator } from '../control/authentication.ts';
import { rootAccessKey } from '../control/credentials.ts';
import { httpRequest } from '../control/testing/control-api-harness.ts';
import { type Served, serve } from '../control/testing/serve.ts';
import { rootOf } from '../domain/access.ts';
import { silentLogger } from '../lib/logger.ts';
import { MetricHistory } from '../metrics/metric-history.ts';
import type { SeriesKey } from '../metrics/ports.ts';
import { MemoryMetricStore } from '../metrics/testing/memory-metric-store.ts';
import { encodeCbor } from '../protocols/aws/cbor.ts';
import { createCloudWatchApi } from './cloudwatch-api.ts';

const run = promisify(execFile);
const ROOT_KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'a-root-secret' };
const USER_KEY = { accessKeyId: 'AKIAUSEROFMETRICS', secretAccessKey: 'a-user-secret' };
const TENANT = { accountId: '123456789012', region: 'us-west-2' };
const MINUTE_MS = 60_000;
/** A quarter of an hour ago, on a minute. */
const T0 = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 15 * MINUTE_MS;

const history = new MetricHistory(new MemoryMetricStore(), silentLogger);
const answered: [string, string | undefined][] = [];
const keys = new AccessKeyRing(rootAccessKey({ ...ROOT_KEY, ...TENANT }), TENANT.accountId);
keys.load(
  JSON.stringify({
    accessKeys: [
      {
        ...USER_KEY,
        userName: 'ann',
        policies: [
          {
            Version: '2012-10-17',
            Statement: { Effect: 'Allow', Action: 'cloudwatch:Get*', Resource: '*' },
          },
        ],
      },
    ],
  }),
);
const handler = createCloudWatchApi({
  history,
  clock: systemClock,
  random: randomBytes,
  logger: silentLogger,
  authenticator: new SignatureAuthenticator(keys, systemClock, 'monitoring'),
  onAnswered: (operation, error) => answered.push([operation, error]),
});

const seriesOf = (metric: SeriesKey['metric'], dimensions: string): SeriesKey => ({
  ...TENANT,
  metric,
  dimensions,
});

/** Three minutes: a bit rate that rises by one a second, two views. */
async function fill(): Promise<void> {
  for (let i = 0; i < 180; i++) {
    history.add(seriesOf('IngestVideoBitrate', 'Channel=abcd'), T0 + i * 1000, 1e6 + i);
    history.add(seriesOf('ConcurrentViews', 'Channel=abcd'), T0 + i * 1000, 2);
    history.add(seriesOf('ConcurrentViews', ''), T0 + i * 1000, 2);
  }
  await history.flush();
}

const channel = [{ Name: 'Channel', Value: 'abcd' }];

function queryOf(overrides: Partial<NonNullable<MetricDataQuery['MetricStat']>> = {}) {
  return {
    Id: 'm1',
    MetricStat: {
      Metric: { Namespace: 'AWS/IVS', MetricName: 'IngestVideoBitrate', Dimensions: channel },
      Period: 60,
      Stat: 'Average',
      ...overrides,
    },
  } satisfies MetricDataQuery;
}

const range = { StartTime: new Date(T0), EndTime: new Date(T0 + 3 * MINUTE_MS) };

const home = mkdtempSync(join(tmpdir(), 'ivory-cloudwatch-tools-'));
/** Nothing of the machine's own AWS set-up may play a part. */
const env = {
  PATH: process.env['PATH'],
  HOME: home,
  AWS_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
  AWS_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
  AWS_DEFAULT_REGION: TENANT.region,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

async function works(command: string, args: string[]): Promise<boolean> {
  return run(command, args, { env }).then(
    () => true,
    () => false,
  );
}

const installed = (commands: readonly string[], args: string[]) =>
  Promise.all(commands.map(async (command) => ({ command, isHere: await works(command, args) })));

// Before any test is there: `after` is called once there is none left, and more may come while this file waits.
const PYTHONS = await installed(['/usr/bin/python3', 'python3'], ['-c', 'import boto3']);
const AWS_CLIS = await installed(['/usr/bin/aws', 'aws'], ['--version']);

let served: Served;
before(async () => {
  await fill();
  served = await serve(handler);
});
after(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

for (const [name, protocol] of [
  ['AWS JSON 1.0', AwsJson1_0Protocol],
  ['RPC v2 CBOR', AwsSmithyRpcV2CborProtocol],
  ['the query protocol', AwsQueryProtocol],
] as const) {
  describe(`CloudWatch over ${name}`, () => {
    let client: CloudWatchClient;
    const clientOf = (credentials: typeof ROOT_KEY, region = TENANT.region) =>
      new CloudWatchClient({ endpoint: served.url, region, credentials, protocol, maxAttempts: 1 });
    before(() => (client = clientOf(ROOT_KEY)));
    after(() => client.destroy());

    test('GetMetricData answers with the newest points first, unless told otherwise', async () => {
      const views = {
        Id: 'views',
        Label: 'viewers',
        MetricStat: {
          Metric: { Namespace: 'AWS/IVS', MetricName: 'ConcurrentViews' },
          Period: 180,
          Stat: 'Maximum',
        },
      };
      const { MetricDataResults, NextToken } = await client.send(
        new GetMetricDataCommand({ ...range, MetricDataQueries: [queryOf(), views] }),
      );
      assert.equal(NextToken, undefined);
      assert.deepEqual(MetricDataResults, [
        {
          Id: 'm1',
          Label: 'IngestVideoBitrate',
          Timestamps: [2, 1, 0].map((minute) => new Date(T0 + minute * MINUTE_MS)),
          Values: [1_000_149.5, 1_000_089.5, 1_000_029.5],
          StatusCode: 'Complete',
        },
        {
          Id: 'views',
          Label: 'viewers',
          Timestamps: [new Date(T0)],
          Values: [2],
          StatusCode: 'Complete',
        },
      ]);
      const ascending = await client.send(
        new GetMetricDataCommand({
          ...range,
          ScanBy: 'TimestampAscending',
          MetricDataQueries: [queryOf({ Period: 5, Stat: 'Sum' })],
        }),
      );
      const [fives] = ascending.MetricDataResults!;
      assert.equal(fives!.Values!.length, 36);
      assert.deepEqual(fives!.Values!.slice(0, 2), [5_000_010, 5_000_035]);
    });

    test('GetMetricData knows every statistic, tracks, units, and metrics that are not there', async () => {
      const valueOf = async (query: MetricDataQuery) => {
        const input = { ...range, MetricDataQueries: [query] };
        const { MetricDataResults } = await client.send(new GetMetricDataCommand(input));
        return MetricDataResults![0]?.Values;
      };
      const whole = (Stat: string) => valueOf(queryOf({ Period: 180, Stat }));
      assert.deepEqual(await whole('SampleCount'), [180]);
      assert.deepEqual(await whole('Minimum'), [1_000_000]);
      assert.deepEqual(await whole('Maximum'), [1_000_179]);
      assert.deepEqual(await whole('Sum'), [180_016_110]);
      const track = [...channel, { Name: 'Track', Value: 'Track0' }];
      const metric = { Namespace: 'AWS/IVS', MetricName: 'IngestVideoBitrate' };
      const ofTrack = queryOf({ Period: 180, Metric: { ...metric, Dimensions: track } });
      assert.deepEqual(await valueOf(ofTrack), [1_000_089.5]);
      const ofAll = queryOf({ Metric: metric });
      assert.deepEqual(await valueOf(ofAll), []);
      assert.deepEqual(await valueOf(queryOf({ Unit: 'Bytes' })), []);
      assert.equal((await valueOf(queryOf({ Unit: 'Bits/Second' })))?.length, 3);
      assert.equal(await valueOf({ ...queryOf(), ReturnData: false }), undefined);
      const usage = {
        Namespace: 'AWS/Usage',
        MetricName: 'ResourceCount',
        Dimensions: [
          { Name: 'Service', Value: 'IVS' },
          { Name: 'Type', Value: 'Resource' },
          { Name: 'Resource', Value: 'ConcurrentViews' },
          { Name: 'Class', Value: 'None' },
        ],
      };
      assert.deepEqual(await valueOf(queryOf({ Metric: usage })), [2, 2, 2]);
    });

    test('GetMetricData gives what is too much page by page, each point once', async () => {
      for (const ScanBy of ['TimestampAscending', 'TimestampDescending'] as const) {
        const seconds = queryOf({ Period: 1, Stat: 'Sum' });
        const MetricDataQueries = [seconds, { ...seconds, Id: 'm2' }];
        const pages = paginateGetMetricData(
          { client },
          { ...range, ScanBy, MetricDataQueries, MaxDatapoints: 70 },
        );
        const found = new Map<string, number[]>([
          ['m1', []],
          ['m2', []],
        ]);
        let count = 0;
        for await (const { MetricDataResults = [], NextToken } of pages) {
          count++;
          for (const { Id, Values = [] } of MetricDataResults) found.get(Id!)!.push(...Values);
          assert.equal(
            MetricDataResults.at(-1)?.StatusCode,
            NextToken === undefined ? 'Complete' : 'PartialData',
          );
        }
        assert.equal(count, 6);
        const expected = Array.from({ length: 180 }, (_, i) => 1e6 + i);
        if (ScanBy === 'TimestampDescending') expected.reverse();
        assert.deepEqual([...found.values()], [expected, expected]);
      }
    });

    test('GetMetricStatistics answers in the order of time, with units', async () => {
      const { Label, Datapoints } = await client.send(
        new GetMetricStatisticsCommand({
          ...range,
          Namespace: 'AWS/IVS',
          MetricName: 'IngestVideoBitrate',
          Dimensions: channel,
          Period: 120,
          Statistics: ['Average', 'SampleCount'],
        }),
      );
      assert.equal(Label, 'IngestVideoBitrate');
      assert.deepEqual(
        Datapoints,
        [
          [0, 1_000_059.5, 120],
          [120, 1_000_149.5, 60],
        ].map(([second, Average, SampleCount]) => ({
          Timestamp: new Date(T0 + second! * 1000),
          Average,
          SampleCount,
          Unit: 'Bits/Second',
        })),
      );
    });

    test('ListMetrics lists what there is, by name and dimensions', async () => {
      const list = async (input: ListMetricsCommandInput) => {
        const { Metrics = [] } = await client.send(new ListMetricsCommand(input));
        return Metrics.map(
          ({ Namespace, MetricName, Dimensions = [] }) =>
            `${Namespace} ${MetricName} ${Dimensions.map(({ Name, Value }) => `${Name}=${Value}`)}`,
        );
      };
      assert.deepEqual(await list({}), [
        'AWS/IVS ConcurrentViews ',
        'AWS/Usage ResourceCount Class=None,Resource=ConcurrentViews,Service=IVS,Type=Resource',
        'AWS/IVS ConcurrentViews Channel=abcd',
        'AWS/IVS IngestVideoBitrate Channel=abcd',
        'AWS/IVS IngestVideoBitrate Channel=abcd,Track=Track0',
      ]);
      const Dimensions = [{ Name: 'Channel' }];
      const MetricName = 'ConcurrentViews';
      assert.deepEqual(await list({ MetricName, Dimensions, RecentlyActive: 'PT3H' }), [
        'AWS/IVS ConcurrentViews Channel=abcd',
      ]);
      assert.equal((await list({ Namespace: 'AWS/Usage' })).length, 1);
      assert.deepEqual(await list({ Dimensions: [{ Name: 'Channel', Value: 'other' }] }), []);
    });

    test('says what is wrong with a call by the names that the SDK knows', async () => {
      const refusal = async (call: Promise<unknown>) => {
        return call.then(
          () => 'answered',
          (error: Error) => `${error.name}: ${error.message}`,
        );
      };
      const data = (input: object) =>
        refusal(
          client.send(
            new GetMetricDataCommand({ ...range, MetricDataQueries: [queryOf()], ...input }),
          ),
        );
      assert.equal(
        await data({ EndTime: range.StartTime }),
        'ValidationError: The parameter StartTime must be less than the parameter EndTime.',
      );
      assert.match(
        await data({ MetricDataQueries: [{ Id: 'e1', Expression: 'm1+m2' }] }),
        /^ValidationError: The query e1 has an Expression/,
      );
      assert.match(
        await data({ MetricDataQueries: [queryOf({ Period: 61 })] }),
        /^ValidationError: The value 61 for parameter MetricDataQueries\.member\.1\.MetricStat\.Period/,
      );
      assert.match(
        await data({ MetricDataQueries: [queryOf({ Stat: 'p99' })] }),
        /^ValidationError: The value p99 .*Ivory's statistics are/,
      );
      assert.match(await data({ MetricDataQueries: [queryOf(), queryOf()] }), /not unique/);
      assert.match(await data({ NextToken: 'bm9wZQ' }), /^InvalidNextToken(Exception)?: /);
      assert.match(
        await refusal(
          client.send(
            new GetMetricStatisticsCommand({
              Namespace: 'AWS/IVS',
              MetricName: 'IngestVideoBitrate',
              StartTime: new Date(T0 - 86_400_000),
              EndTime: new Date(T0),
              Period: 1,
              Statistics: ['Sum'],
            }),
          ),
        ),
        /^InvalidParameterCombination(Exception)?: You have requested up to 86400 datapoints, which exceeds the limit of 1440/,
      );
    });

    test('believes who signed for CloudWatch, and lets each do what its policies allow', async () => {
      const list = (own: CloudWatchClient) =>
        own.send(new ListMetricsCommand({})).then(
          ({ Metrics = [] }) => Metrics.length,
          ({ name }) => name.replace(/Exception$/, ''),
        );
      using forged = disposable(clientOf({ ...ROOT_KEY, secretAccessKey: 'another' }));
      assert.match(await list(forged), /^(InvalidSignature|SignatureDoesNotMatch)$/);
      using elsewhere = disposable(clientOf(ROOT_KEY, 'eu-west-1'));
      assert.equal(await list(elsewhere), 0);
      using user = disposable(clientOf(USER_KEY));
      assert.equal(await list(user), 'AccessDenied');
      const data = await user.send(
        new GetMetricDataCommand({ ...range, MetricDataQueries: [queryOf()] }),
      );
      assert.equal(data.MetricDataResults?.[0]?.Values?.length, 3);
      assert.deepEqual(answered.slice(-2), [
        ['ListMetrics', 'AccessDeniedException'],
        ['GetMetricData', undefined],
      ]);
    });
  });
}

function disposable(client: CloudWatchClient): CloudWatchClient & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}

describe('createCloudWatchApi()', () => {
  test('leaves what is not in the form of a call of CloudWatch to others', () => {
    for (const [method, path, headers] of [
      ['POST', '/GetStream', {}],
      ['GET', '/', {}],
      ['POST', '/', { 'content-type': 'application/json' }],
      ['POST', '/', { 'x-amz-target': 'Other.GetMetricData' }],
      ['POST', '/service/Other/operation/GetMetricData', { 'smithy-protocol': 'rpc-v2-cbor' }],
    ] as const) {
      assert.equal(handler(httpRequest({ method, path, headers })), undefined);
    }
  });

  test('answers the preflight of a page, and lets it read the answer', async () => {
    const headers = { 'access-control-request-method': 'POST', origin: 'https://app.example' };
    for (const path of ['/', '/service/GraniteServiceVersion20100801/operation/ListMetrics']) {
      const reply = await handler(httpRequest({ method: 'OPTIONS', path, headers }));
      assert.equal(reply?.status, 204);
      assert.match(String(reply?.headers['Access-Control-Allow-Headers']), /X-Amz-Target/);
    }
    const call = { 'x-amz-target': 'GraniteServiceVersion20100801.ListMetrics' };
    const reply = await handler(httpRequest({ method: 'POST', path: '/', headers: call }));
    assert.equal(reply?.headers['Access-Control-Allow-Origin'], '*');
    assert.equal(
      handler(httpRequest({ method: 'OPTIONS', path: '/GetStream', headers })),
      undefined,
    );
  });

  test('answers a body that is too large, or unsigned, with an error', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const form = { method: 'POST', path: '/', headers };
    const refusal = async (body: string) => {
      const reply = await handler(httpRequest({ ...form, body }));
      const [, code] = /<Code>(\w+)<\/Code>/.exec(await replyText(reply!)) ?? [];
      return [reply?.status, code];
    };
    const large = 'a'.repeat(512 * 1024 + 1);
    assert.deepEqual(await refusal(large), [400, 'MalformedInput']);
    assert.deepEqual(await refusal('Action=ListMetrics&Version=2010-08-01'), [
      403,
      'MissingAuthenticationToken',
    ]);
  });
});

test('whatever a caller says, it is answered, and by no fault of ours', async () => {
  const trusting = createCloudWatchApi({
    history,
    clock: systemClock,
    random: randomBytes,
    logger: silentLogger,
    authenticator: { authenticate: () => ({ principal: rootOf(TENANT.accountId), ...TENANT }) },
  });
  const name = fc.constantFrom(
    ...['MetricDataQueries', 'StartTime', 'EndTime', 'Dimensions', 'MetricStat', 'Metric', 'Id'],
    ...['Namespace', 'MetricName', 'Period', 'Stat', 'Statistics', 'NextToken', 'Name', 'Value'],
    ...['MaxDatapoints', 'Label', 'ReturnData', '__proto__', 'member', '1'],
  );
  const leaf = fc.oneof(
    fc.constantFrom('AWS/IVS', 'IngestBitrate', 'Channel', 'Average', 'MC4=', 60, 1, true, 'm1'),
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.date({ noInvalidDate: true }),
    fc.constant(null),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 8 }),
    ),
  }));
  const operation = fc.constantFrom('GetMetricData', 'GetMetricStatistics', 'ListMetrics', 'Other');
  const form = fc
    .array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 6 }), fc.string()))
    .map((pairs) => pairs.map(([path, text]) => `${path.join('.')}=${encodeURIComponent(text)}`));
  const request = fc.oneof(
    fc.tuple(operation, value).map(([target, input]) => ({
      path: '/',
      headers: { 'x-amz-target': `GraniteServiceVersion20100801.${target}` },
      body: JSON.stringify(input),
    })),
    fc.tuple(operation, value).map(([target, input]) => ({
      path: `/service/GraniteServiceVersion20100801/operation/${target}`,
      headers: { 'smithy-protocol': 'rpc-v2-cbor' },
      body: encodeCbor(input),
    })),
    fc.tuple(operation, form).map(([target, parameters]) => ({
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: [`Action=${target}`, 'Version=2010-08-01', ...parameters].join('&'),
    })),
    fc.uint8Array({ maxLength: 100 }).map((body) => ({
      path: '/',
      headers: { 'x-amz-target': 'GraniteServiceVersion20100801.GetMetricData' },
      body,
    })),
  );
  await fc.assert(
    fc.asyncProperty(request, async (parts) => {
      const reply = await trusting(httpRequest({ method: 'POST', ...parts }));
      assert.ok(reply && reply.status < 500, `${reply?.status}`);
    }),
    { numRuns: 1000 },
  );
});

const BOTO3_SCRIPT = `
import boto3, json, sys
from datetime import datetime, timezone
cloudwatch = boto3.client('cloudwatch', endpoint_url=sys.argv[1])
start, end = (datetime.fromtimestamp(int(ms) / 1000, timezone.utc) for ms in sys.argv[2:4])
metric = {'Namespace': 'AWS/IVS', 'MetricName': 'IngestVideoBitrate',
          'Dimensions': [{'Name': 'Channel', 'Value': 'abcd'}]}
query = {'Id': 'm1', 'MetricStat': {'Metric': metric, 'Period': 5, 'Stat': 'Average'}}
pages = cloudwatch.get_paginator('get_metric_data').paginate(
    MetricDataQueries=[query], StartTime=start, EndTime=end, MaxDatapoints=10)
values, times = [], []
for page in pages:
    for result in page['MetricDataResults']:
        values += result['Values']
        times += [time.timestamp() for time in result['Timestamps']]
statistics = cloudwatch.get_metric_statistics(
    **metric, StartTime=start, EndTime=end, Period=60, Statistics=['Maximum'])
listed = cloudwatch.get_paginator('list_metrics').paginate(Namespace='AWS/IVS')
try:
    cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=end, EndTime=start)
except Exception as error:
    refusal = [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode']]
print(json.dumps({
    'values': values, 'times': times, 'refusal': refusal,
    'maxima': [point['Maximum'] for point in statistics['Datapoints']],
    'listed': len([metric for page in listed for metric in page['Metrics']]),
}))
`;

/** Debian's speaks the query protocol, one of today CBOR. */
for (const { command: python, isHere } of PYTHONS) {
  test(`boto3 of ${python} draws what there is`, { skip: !isHere && 'no boto3' }, async () => {
    const args = ['-c', BOTO3_SCRIPT, served.url, String(T0), String(T0 + 3 * MINUTE_MS)];
    const { values, times, ...rest } = JSON.parse((await run(python, args, { env })).stdout);
    const fives = Array.from({ length: 36 }, (_, i) => i * 5).reverse();
    assert.deepEqual(
      values,
      fives.map((second) => 1e6 + second + 2),
    );
    assert.deepEqual(
      times,
      fives.map((second) => T0 / 1000 + second),
    );
    assert.deepEqual(rest, {
      refusal: ['ValidationError', 400],
      maxima: [1_000_059, 1_000_119, 1_000_179],
      listed: 4,
    });
  });
}

for (const { command, isHere } of AWS_CLIS) {
  test(`${command} draws what there is`, { skip: !isHere && 'no aws' }, async () => {
    const aws = async (...args: string[]) => {
      const all = ['--endpoint-url', served.url, '--output', 'json', 'cloudwatch', ...args];
      return JSON.parse((await run(command, all, { env })).stdout);
    };
    const { MetricDataResults } = await aws(
      ...['get-metric-data', '--start-time', range.StartTime.toISOString()],
      ...['--end-time', range.EndTime.toISOString()],
      ...['--metric-data-queries', JSON.stringify([queryOf()])],
    );
    assert.deepEqual(MetricDataResults[0].Values, [1_000_149.5, 1_000_089.5, 1_000_029.5]);
    const { Metrics } = await aws('list-metrics', '--metric-name', 'ConcurrentViews');
    assert.equal(Metrics.length, 2);
  });
}
