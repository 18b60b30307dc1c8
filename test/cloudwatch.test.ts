import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { cloudWatchOf, pointsOf } from './support/cloudwatch.ts';
import {
  ACCESS_KEY,
  IvoryProcess,
  REGION,
  startIvoryForTest,
  temporaryDirectory,
} from './support/ivory.ts';
import { probe } from './support/judge.ts';
import { fetchMediaPlaylistUrl } from './support/ll-hls-client.ts';
import { publishFile } from './support/publisher.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);

/** Published over and over: as many seconds of it are the same wherever they begin. */
const SOURCE_SECONDS = 4;
const GOP_SECONDS = 2;
/** The bar. */
const MAX_ERROR = 0.05;
const VIEWERS = 3;

const error = (value: number | undefined, expected: number): number =>
  Math.abs((value ?? 0) - expected) / expected;

/** A file, and what ffprobe says of it. */
async function makeSource(file: string) {
  await encodeSource(file, {
    durationSeconds: SOURCE_SECONDS,
    gopFrames: 30 * GOP_SECONDS,
  });
  const { video, audio } = await probe(file);
  const bitrate = (packets: typeof video) =>
    (packets.reduce((sum, { byteLength }) => sum + byteLength, 0) * 8) / SOURCE_SECONDS;
  const keyframes = video.filter(({ isKeyframe }) => isKeyframe);
  const span = keyframes.at(-1)!.dtsSeconds - keyframes[0]!.dtsSeconds;
  return {
    IngestVideoBitrate: bitrate(video),
    IngestAudioBitrate: bitrate(audio),
    IngestBitrate: bitrate(video) + bitrate(audio),
    IngestFramerate: video.length / SOURCE_SECONDS,
    KeyframeInterval: span / (keyframes.length - 1),
  };
}

/** Reads a media playlist as a player does, once a second, for as long as the stream is there. */
function watch(url: string, signal: AbortSignal): Promise<void> {
  const read = async () => {
    if (signal.aborted) return true;
    const response = await fetch(url, { signal });
    await response.text();
    return !response.ok;
  };
  return until('the stream to end', read, { timeoutMs: 120_000, intervalMs: 1000 }).then(
    () => {},
    () => {},
  );
}

test('CloudWatch agrees with ffprobe and with the viewers that are there, and so does the AWS CLI', async (t) => {
  await using directory = await temporaryDirectory();
  await using ivory = await startIvoryForTest();
  using cloudWatch = cloudWatchOf(ivory);
  const file = path.join(directory.path, 'source.flv');
  const expected = await makeSource(file);
  const channel = await ivory.createChannel();
  await using _encoder = publishFile(channel.rtmpUrl, file, { loop: true });
  await ivory.untilLive(channel.arn);
  const leaving = new AbortController();
  const playlist = async () => fetchMediaPlaylistUrl(channel.playbackUrl);
  const urls = await until(
    'a playlist for each viewer',
    async () => {
      return Promise.all(Array.from({ length: VIEWERS }, playlist)).catch(() => undefined);
    },
    { timeoutMs: 10_000 },
  );
  const viewers = urls.map((url) => watch(url, leaving.signal));

  // ffmpeg sends the first moment of a source at once.
  const settledMs = 3000;
  const windowMs = 4 * SOURCE_SECONDS * 1000;
  const steady = async (name: string) => {
    const points = await pointsOf(cloudWatch, name, { channelArn: channel.arn, periodSeconds: 1 });
    const startMs = points[0]!.atMs + settledMs;
    const inside = points.filter(({ atMs }) => atMs >= startMs && atMs < startMs + windowMs);
    return inside.length * 1000 === windowMs && inside;
  };
  const errors: Record<string, number> = {};
  for (const [name, value] of Object.entries(expected)) {
    const points = await until(`${windowMs} ms of ${name}`, () => steady(name), {
      timeoutMs: 30_000,
    });
    const average = points.reduce((sum, point) => sum + point.value, 0) / points.length;
    errors[name] = error(average, value);
  }
  const views = await until(
    'the views of the last seconds',
    async () => {
      const views = await pointsOf(cloudWatch, 'ConcurrentViews', {
        channelArn: channel.arn,
        periodSeconds: 60,
        stat: 'Maximum',
      });
      return views.some(({ value }) => value === VIEWERS) && views;
    },
    { timeoutMs: 20_000 },
  );
  errors['ConcurrentViews'] = error(views.at(-1)?.value, VIEWERS);
  t.diagnostic(
    Object.entries(errors)
      .map(([name, off]) => `${name} off by ${(off * 100).toFixed(2)} %`)
      .join(', '),
  );
  for (const [name, off] of Object.entries(errors)) assert.ok(off < MAX_ERROR, `${name}: ${off}`);

  const { Metrics = [] } = await cloudWatch.send(
    new ListMetricsCommand({
      Namespace: 'AWS/IVS',
      Dimensions: [{ Name: 'Channel', Value: channel.arn.split('/').at(-1)! }],
    }),
  );
  assert.deepEqual([...new Set(Metrics.map(({ MetricName }) => MetricName))].sort(), [
    'ConcurrentViews',
    'IngestAudioBitrate',
    'IngestBitrate',
    'IngestFramerate',
    'IngestVideoBitrate',
    'KeyframeInterval',
    'LiveDeliveredTime',
    'LiveInputTime',
  ]);
  const rate = await framerateByCli(ivory.url, channel.arn, directory.path);
  if (rate !== undefined) assert.ok(error(rate, expected.IngestFramerate) < MAX_ERROR, `${rate}`);
  leaving.abort();
  await Promise.all(viewers);
});

/** What the AWS CLI says of whole fives of seconds; nothing where there is none on this machine. */
async function framerateByCli(
  url: string,
  channelArn: string,
  home: string,
): Promise<number | undefined> {
  const now = Date.now();
  const channel = channelArn.split('/').at(-1)!;
  const args = [
    ...['--output', 'json', 'cloudwatch', 'get-metric-statistics', '--namespace', 'AWS/IVS'],
    ...['--metric-name', 'IngestFramerate', '--dimensions', `Name=Channel,Value=${channel}`],
    ...['--start-time', new Date(now - 15_000).toISOString()],
    ...['--end-time', new Date(now).toISOString(), '--period', '5', '--statistics', 'Average'],
  ];
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    AWS_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
  const asked = await run('aws', ['--endpoint-url', url, ...args], { env }).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw cause;
    },
  );
  if (!asked) return undefined;
  // The first: the last of them may not be over.
  const points: { readonly Average: number }[] = JSON.parse(asked.stdout).Datapoints;
  return points[0]?.Average;
}

test('metrics are there after a restart, to the second', async () => {
  await using directory = await temporaryDirectory();
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { durationSeconds: 20, size: '320x180' });
  const data = path.join(directory.path, 'data');
  let channelArn: string;
  let before: Awaited<ReturnType<typeof pointsOf>>;
  {
    await using first = new IvoryProcess(data);
    const ivory = await first.ready();
    using cloudWatch = cloudWatchOf(ivory);
    const channel = await ivory.createChannel();
    channelArn = channel.arn;
    await using _encoder = publishFile(channel.rtmpUrl, file);
    before = await until(
      'some seconds',
      async () => {
        const points = await pointsOf(cloudWatch, 'IngestFramerate', {
          channelArn,
          periodSeconds: 1,
        });
        return points.length >= 4 && points;
      },
      { timeoutMs: 20_000 },
    );
    await first.kill('SIGTERM');
    ivory.ivs.destroy();
  }
  await using second = new IvoryProcess(data);
  const ivory = await second.ready();
  using cloudWatch = cloudWatchOf(ivory);
  const after = await pointsOf(cloudWatch, 'IngestFramerate', { channelArn, periodSeconds: 1 });
  assert.deepEqual(after.slice(0, before.length), before);
  ivory.ivs.destroy();
});

test('/metrics counts the calls of the API', async () => {
  await using ivory = await startIvoryForTest();
  using cloudWatch = cloudWatchOf(ivory);
  const channel = await ivory.createChannel();
  assert.equal(await ivory.stream(channel.arn), undefined);
  await cloudWatch.send(new ListMetricsCommand({}));
  const page = await (await fetch(`${ivory.url}/metrics`)).text();
  for (const line of [
    'ivory_api_requests_total{operation="CreateChannel",error=""} 1',
    'ivory_api_requests_total{operation="GetStream",error="ChannelNotBroadcasting"} 1',
    'ivory_api_requests_total{operation="ListMetrics",error=""} 1',
  ]) {
    assert.ok(page.split('\n').includes(line), line);
  }
});

test('a reset of the emulator leaves no metrics, in memory or on disk', async () => {
  await using directory = await temporaryDirectory();
  await using ivory = await startIvoryForTest({ IVORY_EMULATOR: 'on' });
  using cloudWatch = cloudWatchOf(ivory);
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { durationSeconds: 20, size: '320x180' });
  const channel = await ivory.createChannel();
  await using _encoder = publishFile(channel.rtmpUrl, file);
  const listed = async () => (await cloudWatch.send(new ListMetricsCommand({}))).Metrics?.length;
  await until('metrics', async () => ((await listed()) ?? 0) > 0, { timeoutMs: 20_000 });
  assert.equal((await fetch(`${ivory.url}/_ivory/reset`, { method: 'POST' })).status, 204);
  assert.equal(await listed(), 0);
});
