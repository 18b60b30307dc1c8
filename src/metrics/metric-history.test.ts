import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { silentLogger } from '../lib/logger.ts';
import { dataPoints, timetableOf } from './data-points.ts';
import { MetricHistory } from './metric-history.ts';
import type { SeriesKey } from './ports.ts';
import { decodeSeconds, Seconds } from './seconds.ts';
import { STATISTIC_NAMES, statisticOf } from './statistics.ts';
import { MemoryMetricStore } from './testing/memory-metric-store.ts';

const T0 = Date.UTC(2026, 0, 1, 12);
const TENANT = { accountId: '123456789012', region: 'us-west-2' };
const BITRATE: SeriesKey = { ...TENANT, metric: 'IngestVideoBitrate', dimensions: 'Channel=a' };
const VIEWS: SeriesKey = { ...TENANT, metric: 'ConcurrentViews', dimensions: '' };

function setUp() {
  const store = new MemoryMetricStore();
  const history = new MetricHistory(store, silentLogger);
  /** The value of each second, from the first one on. */
  const record = (key: SeriesKey, startMs: number, values: readonly number[]) => {
    for (const [i, value] of values.entries()) history.add(key, startMs + i * 1000, value);
  };
  return { store, history, record };
}

const ever = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const order = { isDescending: false, signal: new AbortController().signal };
const count = (length: number) => Array.from({ length }, (_, i) => i);

async function points(
  history: MetricHistory,
  key: SeriesKey,
  request: { startMs: number; endMs: number; periodSeconds: number; nowMs?: number },
) {
  const timetable = timetableOf(request, request.nowMs ?? request.endMs);
  const found: [number, number, number][] = [];
  for await (const some of dataPoints(history, key, timetable, order)) {
    for (const { startMs, statistics } of some) {
      found.push([(startMs - T0) / 1000, statistics.sampleCount, statistics.sum]);
    }
  }
  return found;
}

describe('MetricHistory', () => {
  test('is read the same before and after a minute was written', async () => {
    const { store, history, record } = setUp();
    record(BITRATE, T0 + 30_000, count(40));
    const [seconds, minutes] = await Promise.all([
      history.read(BITRATE, ever, 'seconds'),
      history.read(BITRATE, ever, 'minutes'),
    ]);
    await history.flush();
    assert.equal(store.minutes.length, 2);
    assert.deepEqual(await history.read(BITRATE, ever, 'seconds'), seconds);
    assert.deepEqual(await history.read(BITRATE, ever, 'minutes'), minutes);
    assert.deepEqual(
      seconds.map(({ startMs, statistics }) => [startMs, statistics.sum]),
      count(40).map((i) => [T0 + 30_000 + i * 1000, i]),
    );
    assert.deepEqual(minutes, [
      { startMs: T0, statistics: { sampleCount: 30, sum: 435, minimum: 0, maximum: 29 } },
      { startMs: T0 + 60_000, statistics: { sampleCount: 10, sum: 345, minimum: 30, maximum: 39 } },
    ]);
  });

  test('counts a minute once that is being written while it is read', async () => {
    const { store, history, record } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    record(BITRATE, T0, count(60));
    const early = history.read(BITRATE, ever, 'minutes');
    store.gate = promise;
    record(BITRATE, T0 + 60_000, [1]);
    const late = history.read(BITRATE, ever, 'minutes');
    resolve();
    for (const [first] of await Promise.all([early, late])) {
      assert.equal(first?.statistics.sampleCount, 60);
    }
  });

  test('keeps some minutes for a store in trouble, and gives up the oldest', async () => {
    const { store, history, record } = setUp();
    store.isBroken = true;
    record(BITRATE, T0, count(20 * 60));
    await history.flush();
    assert.equal((await history.read(BITRATE, ever, 'minutes')).length, 15);
    store.isBroken = false;
    await history.flush();
    record(BITRATE, T0 + 20 * 60_000, [1]);
    await history.flush();
    assert.equal(store.minutes[0]?.startMs, T0 + 5 * 60_000);
    assert.equal(store.minutes.length, 16);
  });

  test('keeps as many for a store that hangs, and asks it for one thing at a time', async () => {
    const { store, history, record } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    let writes = 0;
    const { append } = store;
    store.append = (minutes) => {
      writes++;
      return append(minutes);
    };
    store.gate = promise;
    record(BITRATE, T0, count(40 * 60));
    assert.equal(writes, 1);
    resolve();
    await history.flush();
    // The one that hung, and the last ones.
    assert.deepEqual(
      store.minutes.map(({ startMs }) => (startMs - T0) / 60_000),
      [0, ...count(15).map((i) => 25 + i)],
    );
  });

  test('tries a minute that came while a write failed once more before it gives up', async () => {
    const { store, history, record } = setUp();
    const { promise, reject } = Promise.withResolvers<void>();
    store.gate = promise;
    record(BITRATE, T0, count(61));
    const flushed = history.flush();
    store.gate = Promise.resolve();
    reject(new Error('the disk is full'));
    await flushed;
    assert.equal(store.minutes.length, 2);
  });

  test('merges what was measured of the same second before and after the clock was set back', async () => {
    const { history, record } = setUp();
    record(BITRATE, T0, count(60).fill(1));
    record(BITRATE, T0 + 60_000, [1, 1]);
    record(BITRATE, T0 + 55_000, count(5).fill(3));
    await history.flush();
    const seconds = await history.read(BITRATE, ever, 'seconds');
    assert.deepEqual(
      seconds.map(({ startMs, statistics }) => [(startMs - T0) / 1000, statistics.sum]),
      count(62).map((i) => [i, i >= 55 && i < 60 ? 4 : 1]),
    );
  });

  test('keeps no seconds of a metric that has none', async () => {
    const { store, history, record } = setUp();
    record(VIEWS, T0, count(10));
    await history.flush();
    assert.equal(store.minutes[0]?.seconds, undefined);
    assert.deepEqual(await history.read(VIEWS, ever, 'seconds'), []);
  });

  test('lists what is in memory and what is written, each once, page by page', async () => {
    const { history, record } = setUp();
    record(BITRATE, T0, [1]);
    record(VIEWS, T0, [1]);
    await history.flush();
    record(VIEWS, T0 + 1000, [1]);
    record({ ...VIEWS, dimensions: 'Channel=a' }, T0 + 1000, [1]);
    record({ ...VIEWS, accountId: '999999999999' }, T0 + 1000, [1]);
    const listed: string[] = [];
    let after: SeriesKey | undefined;
    for (;;) {
      const [next] = await history.listSeries(TENANT, { after, activeSinceMs: 0, limit: 1 });
      if (!next) break;
      listed.push(`${next.metric} ${next.dimensions}`);
      after = { ...TENANT, ...next };
    }
    assert.deepEqual(listed, [
      'ConcurrentViews ',
      'ConcurrentViews Channel=a',
      'IngestVideoBitrate Channel=a',
    ]);
  });

  test('forgets what is in memory', async () => {
    const { store, history, record } = setUp();
    record(BITRATE, T0, [1]);
    history.forget();
    await history.flush();
    assert.deepEqual(store.minutes, []);
  });
});

describe('dataPoints()', () => {
  test('cuts time from the start that CloudWatch rounds to', async () => {
    const { history, record } = setUp();
    record(BITRATE, T0, count(180).fill(1));
    const ask = (fromSeconds: number, toSeconds: number, periodSeconds: number) =>
      points(history, BITRATE, {
        startMs: T0 + fromSeconds * 1000,
        endMs: T0 + toSeconds * 1000,
        periodSeconds,
        nowMs: T0 + 180_000,
      });
    // "15:07:17 … previous 5 minutes … period of 5 seconds … from 15:02:15".
    assert.deepEqual(await ask(17, 27, 5), [
      [15, 5, 5],
      [20, 5, 5],
      [25, 2, 2],
    ]);
    assert.deepEqual(await ask(3.7, 5.2, 1), [
      [3, 1, 1],
      [4, 1, 1],
      [5, 1, 1],
    ]);
    assert.deepEqual(await ask(90, 180, 60), [
      [60, 60, 60],
      [120, 60, 60],
    ]);
    assert.deepEqual(await ask(60, 600, 300), [[60, 120, 120]]);
  });

  test('gives minutes to who asks for seconds of a metric that has none', async () => {
    const { history, record } = setUp();
    record(VIEWS, T0, count(120).fill(2));
    const request = { startMs: T0, endMs: T0 + 120_000, periodSeconds: 5 };
    assert.deepEqual(await points(history, VIEWS, request), [
      [0, 60, 120],
      [60, 60, 120],
    ]);
  });

  test('rounds the start of a range of long ago down to more than a minute', () => {
    const nowMs = T0 + 17 * 60_000;
    const minuteOfStart = (daysAgo: number) => {
      const startMs = nowMs - daysAgo * 86_400_000;
      const timetable = timetableOf({ startMs, endMs: nowMs, periodSeconds: 86_400 }, nowMs);
      // What is too old is left out by whole days.
      return (timetable.startMs % 3_600_000) / 60_000;
    };
    assert.deepEqual([14, 20, 70].map(minuteOfStart), [17, 15, 0]);
  });

  test('reads whole periods from the store, a bounded number at once', async () => {
    const { store, history } = setUp();
    const reads: [number, number][] = [];
    store.readMinutes = async (_key, { fromMs, toMs }, periodMs) => {
      reads.push([(toMs - fromMs) / periodMs, periodMs]);
      return [];
    };
    const ask = async (periodSeconds: number) => {
      reads.length = 0;
      const request = { startMs: T0 - 15 * 86_400_000, endMs: T0, periodSeconds };
      await points(history, BITRATE, request);
      return reads;
    };
    assert.deepEqual(await ask(86_400), [[15, 86_400_000]]);
    assert.deepEqual(
      await ask(60),
      count(15).map(() => [1440, 60_000]),
    );
  });

  test('stops when nobody waits for its points any more', async () => {
    const { history } = setUp();
    const reader = new AbortController();
    const timetable = { startMs: T0, endMs: T0 + 86_400_000 * 10, periodMs: 60_000 };
    const reading = dataPoints(history, BITRATE, timetable, { ...order, signal: reader.signal });
    await reading.next();
    reader.abort(new Error('gone'));
    await assert.rejects(reading.next(), /gone/);
  });

  test('looks no further back than anything is kept, and not into the future', () => {
    const request = { startMs: 17_000, endMs: Number.MAX_SAFE_INTEGER, periodSeconds: 60 };
    const { startMs, endMs } = timetableOf(request, T0 + 1);
    assert.equal(startMs, T0 - 15 * 86_400_000);
    assert.equal(endMs, T0 + 60_001);
    assert.equal(timetableOf({ ...request, periodSeconds: 1 }, T0).startMs, T0 - 3 * 3_600_000);
  });

  test('says the same of all values of a period as their definition, forward and backward', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { nil: undefined }), {
          minLength: 1,
          maxLength: 400,
        }),
        fc.constantFrom(1, 5, 10, 30, 60, 120, 300),
        async (values, periodSeconds) => {
          const { history } = setUp();
          for (const [i, value] of values.entries()) {
            if (value !== undefined) history.add(BITRATE, T0 + i * 1000, value);
          }
          await history.flush();
          const endMs = T0 + 600_000;
          const timetable = timetableOf({ startMs: T0, endMs, periodSeconds }, endMs);
          const all = async (isDescending: boolean) =>
            (
              await Array.fromAsync(
                dataPoints(history, BITRATE, timetable, { ...order, isDescending }),
              )
            ).flat();
          const [forward, backward] = await Promise.all([all(false), all(true)]);
          assert.deepEqual(backward.reverse(), forward);
          const expected = new Map<number, number[]>();
          for (const [i, value] of values.entries()) {
            const at = T0 + (i - (i % periodSeconds)) * 1000;
            if (value !== undefined) expected.set(at, [...(expected.get(at) ?? []), value]);
          }
          assert.deepEqual(
            forward.map(({ startMs }) => startMs),
            [...expected.keys()],
          );
          for (const { startMs, statistics } of forward) {
            const of = expected.get(startMs)!;
            const sum = of.reduce((a, b) => a + b, 0);
            const right = [of.length, sum / of.length, sum, Math.min(...of), Math.max(...of)];
            for (const [i, name] of STATISTIC_NAMES.entries()) {
              const error = Math.abs(statisticOf(statistics, name) - right[i]!);
              assert.ok(error <= 1e-3, `${name} is off by ${error}`);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('seconds with several values keep all their statistics', () => {
  const seconds = new Seconds();
  seconds.add(3, 10);
  seconds.add(3, -4);
  seconds.add(5, 7);
  const run = seconds.encode(T0)!;
  assert.equal(run.startMs, T0 + 3000);
  assert.deepEqual(decodeSeconds(run), [
    { startMs: T0 + 3000, statistics: { sampleCount: 2, sum: 6, minimum: -4, maximum: 10 } },
    { startMs: T0 + 5000, statistics: { sampleCount: 1, sum: 7, minimum: 7, maximum: 7 } },
  ]);
  assert.equal(new Seconds().encode(T0), undefined);
});
