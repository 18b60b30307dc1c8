import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { StreamReading } from '../domain/stream-measurements.ts';
import { silentLogger } from '../lib/logger.ts';
import { MetricHistory } from './metric-history.ts';
import type { SeriesKey } from './ports.ts';
import { StreamSampler } from './stream-sampler.ts';
import { MemoryMetricStore } from './testing/memory-metric-store.ts';

const T0 = Date.UTC(2026, 0, 1, 12);
const TENANT = { accountId: '123456789012', region: 'us-west-2' };

/** An encoder at 1 Mbit/s and 30 pictures a second, over media time that goes with the clock. */
function encoder(clock: FakeClock, overrides: Partial<StreamReading> = {}) {
  const startedMs = clock.monotonicMs();
  return (): StreamReading => {
    const ms = clock.monotonicMs() - startedMs;
    return {
      ...TENANT,
      channelId: 'a',
      streamId: 'st-a',
      health: 'HEALTHY',
      concurrentViews: 3,
      viewsByCountry: new Map([['DE', 2]]),
      isRecording: false,
      encoderAddress: '192.0.2.1',
      videoByteLength: ms * 112,
      audioByteLength: ms * 13,
      frames: (ms * 30) / 1000,
      mediaMs: ms,
      keyframeIntervalSeconds: 2,
      ...overrides,
    };
  };
}

function setUp(clock = new FakeClock(T0), countryOf: (address: string) => string = () => 'DE') {
  const streams: (() => StreamReading)[] = [];
  const history = new MetricHistory(new MemoryMetricStore(), silentLogger);
  const lookedUp: string[] = [];
  const logged: string[] = [];
  const sampler = new StreamSampler({
    clock,
    readings: () => streams.map((read) => read()),
    sink: history,
    countryOf: (address) => {
      lookedUp.push(address);
      return countryOf(address);
    },
    log: { ...silentLogger, error: (_fields, message) => logged.push(message) },
  });
  const values = async (
    metric: SeriesKey['metric'],
    dimensions: string,
    resolution: 'seconds' | 'minutes' = 'seconds',
  ) => {
    const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const points = await history.read({ ...TENANT, metric, dimensions }, range, resolution);
    return points.map(({ startMs, statistics }) => [(startMs - T0) / 1000, statistics] as const);
  };
  const sums = async (...args: Parameters<typeof values>) =>
    (await values(...args)).map(([second, { sum }]) => [second, Math.round(sum * 1000) / 1000]);
  return { clock, streams, sampler, values, sums, lookedUp, logged };
}

describe('StreamSampler', () => {
  test('says of each second what came in that second', async () => {
    const { clock, streams, sums } = setUp();
    clock.advance(400);
    const steady = encoder(clock);
    streams.push(steady);
    clock.advance(2600);
    const held = steady();
    streams[0] = () => ({ ...held, encoderAddress: '192.0.2.1' });
    clock.advance(1000);
    const burst = { ...held, videoByteLength: held.videoByteLength + 500_000 };
    streams[0] = () => burst;
    clock.advance(1000);
    assert.deepEqual(await sums('IngestVideoBitrate', 'Channel=a'), [
      [0, 537_600],
      [1, 896_000],
      [2, 896_000],
      [3, 0],
      [4, 4_000_000],
    ]);
    assert.deepEqual((await sums('IngestBitrate', 'Channel=a'))[1], [1, 1_000_000]);
    assert.deepEqual((await sums('IngestFramerate', 'Channel=a'))[1], [1, 30]);
    assert.deepEqual(await sums('LiveInputTime', 'Channel=a', 'minutes'), [[0, 2.6]]);
    assert.deepEqual(await sums('LiveDeliveredTime', '', 'minutes'), [[0, 15]]);
    assert.deepEqual(await sums('LiveDeliveredTime', 'Channel=a,ViewerCountryCode=DE', 'minutes'), [
      [0, 10],
    ]);
  });

  test('says nothing of keyframes in a second without pictures, nor of what is not recorded', async () => {
    const { clock, streams, sums } = setUp();
    const held = encoder(clock)();
    streams.push(() => held);
    clock.advance(3000);
    assert.deepEqual(await sums('KeyframeInterval', 'Channel=a'), []);
    assert.deepEqual(await sums('RecordedTime', 'Channel=a', 'minutes'), []);
    streams[0] = encoder(clock, { isRecording: true });
    clock.advance(3000);
    assert.equal((await sums('KeyframeInterval', 'Channel=a')).length, 3);
    assert.deepEqual(await sums('RecordedTime', '', 'minutes'), [[0, 3]]);
  });

  test('has a value a stream where there is no dimension, and counts streams by health and country', async () => {
    const { clock, streams, values, sums, lookedUp } = setUp();
    streams.push(
      encoder(clock),
      encoder(clock, { channelId: 'b', streamId: 'st-b', health: 'STARVING', frames: 0 }),
      encoder(clock, { accountId: '999999999999', channelId: 'c', streamId: 'st-c' }),
    );
    clock.advance(2000);
    assert.deepEqual((await values('IngestFramerate', ''))[1]?.[1], {
      sampleCount: 2,
      sum: 30,
      minimum: 0,
      maximum: 30,
    });
    const streamsOf = async (dimensions: string) =>
      (await sums('ConcurrentStreams', dimensions, 'minutes'))[0]?.[1];
    assert.deepEqual(
      await Promise.all(
        ['', 'Health=HEALTHY', 'Health=STARVING', 'Health=UNKNOWN', 'StreamerCountryCode=DE'].map(
          streamsOf,
        ),
      ),
      [4, 2, 2, 0, 4],
    );
    assert.equal(lookedUp.length, 3, 'once a connection');
  });

  test('keeps on the second, and fills in those that a busy process slept through', async () => {
    const { clock, streams, sums } = setUp();
    streams.push(encoder(clock));
    clock.advance(2000);
    // The timer that was due is late: three seconds are over when it fires.
    clock.setWall(T0 + 4200);
    clock.advance(1000);
    const seconds = (await sums('IngestFramerate', 'Channel=a')).map(([second]) => second);
    assert.deepEqual(seconds, [0, 1, 2, 3, 4]);
  });

  test('tells of no second twice when the clock is set back, and goes on where it was set', async () => {
    const { clock, streams, values } = setUp();
    streams.push(encoder(clock));
    clock.advance(20_000);
    clock.setWall(T0 + 17_000);
    clock.advance(5000);
    const counts = (await values('IngestFramerate', 'Channel=a')).map(
      ([, { sampleCount }]) => sampleCount,
    );
    assert.deepEqual(counts, Array(22).fill(1));
    clock.setWall(T0 - 3_600_000);
    clock.advance(10_000);
    const all = await values('IngestFramerate', 'Channel=a');
    assert.ok(all.filter(([second]) => second < 0).length >= 9);
  });

  test('measures no rate over a moment when the clock is set forward', async () => {
    const { clock, streams, values } = setUp();
    streams.push(encoder(clock));
    clock.advance(3000);
    clock.advance(100);
    clock.setWall(T0 + 3_600_000 - 1);
    clock.advance(10_000);
    for (const [, { maximum }] of await values('IngestFramerate', 'Channel=a')) {
      assert.ok(maximum <= 31, `${maximum}`);
    }
  });

  test('goes on when a stream cannot be read, and says so once', async () => {
    const { clock, streams, sums, logged } = setUp();
    const steady = encoder(clock);
    streams.push(steady);
    clock.advance(2000);
    streams[0] = () => {
      throw new Error('no counters');
    };
    clock.advance(3000);
    streams[0] = steady;
    clock.advance(2000);
    assert.equal((await sums('IngestFramerate', 'Channel=a')).length, 7);
    assert.deepEqual(logged, ['cannot measure the streams']);
  });

  test('measures a stream without a country where the look-up fails, and says so once', async () => {
    const { clock, streams, sums, logged } = setUp(new FakeClock(T0), () => {
      throw new Error('the file is gone');
    });
    streams.push(encoder(clock), encoder(clock, { channelId: 'b', streamId: 'st-b' }));
    clock.advance(2000);
    assert.equal((await sums('IngestFramerate', 'Channel=b')).length, 2);
    assert.deepEqual(await sums('ConcurrentStreams', 'StreamerCountryCode=DE', 'minutes'), []);
    assert.deepEqual(logged, ['cannot look up countries']);
  });

  test('stops when it is closed', async () => {
    const { clock, streams, sampler, sums } = setUp();
    streams.push(encoder(clock));
    clock.advance(1000);
    sampler.close();
    clock.advance(5000);
    assert.equal((await sums('IngestFramerate', 'Channel=a')).length, 1);
  });
});
