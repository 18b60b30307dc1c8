import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import type { StreamMeasurements } from '../domain/stream-measurements.ts';
import type { HttpRequest } from '../lib/http.ts';
import { ApiCallCounts } from './api-call-counts.ts';
import { type MetricsReaders, metricsRoutes } from './metrics-routes.ts';
import { type MetricsSources, prometheusRegistry } from './prometheus-registry.ts';

const STREAM: StreamMeasurements = {
  accountId: '123456789012',
  region: 'us-west-2',
  channelId: 'abcdABCDefgh',
  health: 'HEALTHY',
  concurrentViews: 3,
  ingest: {
    videoBitrateBps: 3_000_000,
    audioBitrateBps: 96_000,
    framesPerSecond: 30,
    keyframeIntervalSeconds: 2,
  },
  transcodeCpuSeconds: 1.5,
};

function setUp(readers: MetricsReaders = 'local') {
  const streams: StreamMeasurements[] = [STREAM];
  const httpReplies = new Map([[200, 7]]);
  const apiCalls = new ApiCallCounts();
  const handler = metricsRoutes(readers, {
    streams: () => streams,
    httpReplies: () => httpReplies,
    transcodeDeaths: () => 4,
    recordings: () => ({
      byCondition: new Map([['failed', 2]]),
      failureCount: 9,
      spooledBytes: 1234,
      spoolLimitBytes: 20_000,
    }),
    workerCount: () => 2,
    certificateExpiresAtMs: () => 1_767_225_600_500,
    eventTargets: async () => [
      {
        ...{ name: 'orders', delivered: 41, failed: 5, deadLettered: 2, lost: 7 },
        ...{ pending: 3, lagMs: 1500, deadLetters: 1 },
      },
    ],
    apiCalls,
  });
  return { streams, apiCalls, handler, scrape: async (request = local()) => handler(request) };
}

function local(overrides: Partial<HttpRequest> = {}): HttpRequest {
  const headers = { host: 'localhost:8080' };
  return { ...fakeRequest('/metrics', { headers }), remoteAddress: '127.0.0.1', ...overrides };
}

test('/metrics tells of each stream on air under its channel, and of none that has ended', async () => {
  const { streams, apiCalls, scrape } = setUp();
  apiCalls.count('GetStream', undefined);
  apiCalls.count('GetStream', 'ChannelNotBroadcasting');
  apiCalls.count('GetStream', 'ChannelNotBroadcasting');
  const labels = '{account="123456789012",region="us-west-2",channel="abcdABCDefgh"}';
  const reply = await scrape();
  assert.match(String(reply?.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  const lines = (await replyText(reply!)).split('\n');
  for (const line of [
    `ivory_concurrent_views${labels} 3`,
    `ivory_ingest_video_bits_per_second${labels} 3000000`,
    `ivory_ingest_audio_bits_per_second${labels} 96000`,
    `ivory_ingest_bits_per_second${labels} 3096000`,
    `ivory_ingest_frames_per_second${labels} 30`,
    `ivory_keyframe_interval_seconds${labels} 2`,
    `ivory_transcode_cpu_seconds_total${labels} 1.5`,
    'ivory_transcode_deaths_total 4',
    'ivory_concurrent_streams{health="HEALTHY"} 1',
    'ivory_concurrent_streams{health="STARVING"} 0',
    'ivory_http_requests_total{status="200"} 7',
    'ivory_recordings{condition="recording"} 0',
    'ivory_recordings{condition="failed"} 2',
    'ivory_recording_failures_total 9',
    'ivory_recording_spool_bytes 1234',
    'ivory_recording_spool_limit_bytes 20000',
    'ivory_worker_threads 2',
    'ivory_tls_certificate_expiry_timestamp_seconds 1767225600.5',
    'ivory_events_pending{target="orders"} 3',
    'ivory_event_lag_seconds{target="orders"} 1.5',
    'ivory_event_dead_letters{target="orders"} 1',
    'ivory_events_delivered_total{target="orders"} 41',
    'ivory_event_delivery_failures_total{target="orders"} 5',
    'ivory_event_dead_letters_total{target="orders"} 2',
    'ivory_events_lost_total{target="orders"} 7',
    'ivory_api_requests_total{operation="GetStream",error=""} 1',
    'ivory_api_requests_total{operation="GetStream",error="ChannelNotBroadcasting"} 2',
  ]) {
    assert.ok(lines.includes(line), `${line} in ${lines.join('\n')}`);
  }
  streams.length = 0;
  const after = await replyText((await scrape())!);
  assert.ok(!after.includes('abcdABCDefgh'));
  assert.match(after, /ivory_concurrent_streams\{health="HEALTHY"\} 0/);
});

test('/metrics is for programs on this machine: not for a proxy, another machine, or a page of another name', async () => {
  const { scrape } = setUp();
  const host = 'localhost:8080';
  for (const request of [
    local({ remoteAddress: '192.0.2.7' }),
    local({ headers: { host, 'x-forwarded-for': '192.0.2.7' } }),
    local({ headers: { host, forwarded: 'for=192.0.2.7' } }),
    local({ headers: { host: 'rebound.example:8080' } }),
  ]) {
    assert.equal((await scrape(request))?.status, 403);
  }
  assert.equal((await scrape(local({ remoteAddress: '::1' })))?.status, 200);
  assert.equal((await scrape(local({ method: 'POST' })))?.status, 405);
});

test('/metrics is answered after a scrape that could not load what it needs', async () => {
  const sources: MetricsSources = {
    streams: () => [],
    httpReplies: () => new Map(),
    transcodeDeaths: () => 0,
    recordings: () => ({
      byCondition: new Map(),
      failureCount: 0,
      spooledBytes: 0,
      spoolLimitBytes: 1,
    }),
    workerCount: () => 0,
    certificateExpiresAtMs: () => 0,
    eventTargets: async () => [],
    apiCalls: new ApiCallCounts(),
  };
  let loads = 0;
  const handler = metricsRoutes('local', sources, async () => {
    if (++loads === 1) throw new Error('too many open files');
    return { prometheusRegistry };
  });
  await assert.rejects(async () => handler(local()), /too many open files/);
  assert.equal((await handler(local()))?.status, 200);
  assert.equal((await handler(local()))?.status, 200);
  assert.equal(loads, 2);
});

test('/metrics may be public, and may not be there at all', async () => {
  const elsewhere = local({ remoteAddress: '192.0.2.7' });
  assert.equal((await setUp('public').scrape(elsewhere))?.status, 200);
  assert.equal(await setUp('off').scrape(), undefined);
});
