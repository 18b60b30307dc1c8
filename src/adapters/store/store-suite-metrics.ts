import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SeriesKey, SeriesMinute } from '../../metrics/ports.ts';
import type { Store } from './sqlite-store.ts';

const MINUTE_MS = 60_000;
const T0 = Math.floor(1_700_000_000_000 / MINUTE_MS) * MINUTE_MS;

const keyOf = (region: string, parts: Partial<SeriesKey> = {}): SeriesKey => ({
  accountId: '123456789012',
  region,
  metric: 'IngestBitrate',
  dimensions: 'Channel=a',
  ...parts,
});

function minuteOf(key: SeriesKey, startMs: number, value: number): SeriesMinute {
  const statistics = { sampleCount: 60, sum: value * 60, minimum: value, maximum: value };
  return { key, startMs, statistics, seconds: { startMs, points: new Uint8Array([1, value]) } };
}

const ever = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const never = new AbortController().signal;
const firstPage = { after: undefined, activeSinceMs: 0, limit: 100 };

/** Each test has a region of its own. */
export function testMetrics(getStore: () => Store): void {
  describe('metrics', () => {
    test('are read back as they were written, in the order of time and by range', async () => {
      const { metricStore } = getStore();
      const key = keyOf('written');
      const minutes = [2, 0, 1].map((i) => minuteOf(key, T0 + i * MINUTE_MS, i));
      await metricStore.append(minutes);
      await metricStore.append([minuteOf({ ...key, dimensions: '' }, T0, 9)]);
      const sums = async (range: typeof ever) =>
        (await metricStore.readMinutes(key, range, MINUTE_MS)).map(
          ({ statistics }) => statistics.sum,
        );
      assert.deepEqual(await sums(ever), [0, 60, 120]);
      assert.deepEqual(await sums({ fromMs: T0 + MINUTE_MS, toMs: T0 + 2 * MINUTE_MS }), [60]);
      const runs = await metricStore.readSeconds(key, { ...ever, toMs: T0 + MINUTE_MS + 1 });
      assert.deepEqual(
        runs.map(({ startMs, points }) => [startMs, [...points]]),
        [
          [T0, [1, 0]],
          [T0 + MINUTE_MS, [1, 1]],
        ],
      );
    });

    test('are read as whole periods, counted from where the range begins', async () => {
      const { metricStore } = getStore();
      const key = keyOf('periods');
      await metricStore.append(
        [0, 1, 2, 3, 5].map((i) => minuteOf(key, T0 + i * MINUTE_MS, i * 10 - 20)),
      );
      const range = { fromMs: T0 + MINUTE_MS, toMs: T0 + 6 * MINUTE_MS };
      assert.deepEqual(await metricStore.readMinutes(key, range, 2 * MINUTE_MS), [
        {
          startMs: T0 + MINUTE_MS,
          statistics: { sampleCount: 120, sum: -600, minimum: -10, maximum: 0 },
        },
        {
          startMs: T0 + 3 * MINUTE_MS,
          statistics: { sampleCount: 60, sum: 600, minimum: 10, maximum: 10 },
        },
        {
          startMs: T0 + 5 * MINUTE_MS,
          statistics: { sampleCount: 60, sum: 1800, minimum: 30, maximum: 30 },
        },
      ]);
      const [all] = await metricStore.readMinutes(key, range, 365 * 86_400_000);
      assert.equal(all?.startMs, range.fromMs);
      assert.equal(all?.statistics.sampleCount, 240);
    });

    test('of a minute that is there already are added to it, and its seconds stay', async () => {
      const { metricStore } = getStore();
      const key = keyOf('added');
      await metricStore.append([minuteOf(key, T0, 5)]);
      const rest = minuteOf(key, T0, 7);
      await metricStore.append([rest]);
      const later = { startMs: T0 + 30_000, points: new Uint8Array([1, 3]) };
      await metricStore.append([{ ...minuteOf(key, T0, 1), seconds: later }]);
      assert.deepEqual(await metricStore.readMinutes(key, ever, MINUTE_MS), [
        { startMs: T0, statistics: { sampleCount: 180, sum: 780, minimum: 1, maximum: 7 } },
      ]);
      const runs = await metricStore.readSeconds(key, ever);
      assert.deepEqual(
        runs.map(({ points }) => points[1]),
        [5, 3],
      );
    });

    test('of a minute that began twice keep the longer run of seconds', async () => {
      const { metricStore } = getStore();
      const key = keyOf('twice');
      const runOf = (...points: number[]) => ({
        ...minuteOf(key, T0, 1),
        seconds: { startMs: T0, points: new Uint8Array(points) },
      });
      for (const run of [runOf(1, 2), runOf(1, 2, 3, 4), runOf(1, 9, 9)]) {
        await metricStore.append([run]);
      }
      const runs = await metricStore.readSeconds(key, ever);
      assert.deepEqual(
        runs.map(({ points }) => [...points]),
        [[1, 2, 3, 4]],
      );
    });

    test('of many series are written at once, and listed page by page', async () => {
      const { metricStore } = getStore();
      const keys = Array.from({ length: 250 }, (_, i) =>
        keyOf('many', {
          metric: i % 2 === 0 ? 'ConcurrentViews' : 'IngestBitrate',
          dimensions: `Channel=${String(i).padStart(3, '0')}`,
        }),
      );
      await metricStore.append(keys.map((key, i) => minuteOf(key, T0, i % 200)));
      const tenant = { accountId: '123456789012', region: 'many' };
      const listed: string[] = [];
      let after: SeriesKey | undefined;
      for (;;) {
        const page = await metricStore.listSeries(tenant, { ...firstPage, after, limit: 60 });
        listed.push(...page.map(({ metric, dimensions }) => `${metric} ${dimensions}`));
        const last = page.at(-1);
        if (!last) break;
        after = { ...tenant, ...last };
      }
      assert.deepEqual(listed, keys.map((key) => `${key.metric} ${key.dimensions}`).sort());
      assert.equal(
        (await metricStore.readMinutes(keys[249]!, ever, MINUTE_MS))[0]?.statistics.sum,
        49 * 60,
      );
    });

    test('are listed for as long as they are active', async () => {
      const { metricStore } = getStore();
      const key = keyOf('active');
      await metricStore.append([minuteOf(key, T0, 1)]);
      const list = (activeSinceMs: number) =>
        metricStore.listSeries(key, { ...firstPage, activeSinceMs });
      assert.equal((await list(T0)).length, 1);
      assert.equal((await list(T0 + 1)).length, 0);
      await metricStore.append([minuteOf(key, T0 + MINUTE_MS, 1)]);
      assert.equal((await list(T0 + 1)).length, 1);
    });

    test('that are too old are forgotten, seconds first, series with their last minute', async () => {
      const { metricStore } = getStore();
      const [old, going] = [keyOf('old'), keyOf('old', { dimensions: 'Channel=b' })];
      const minutes = Array.from({ length: 10 }, (_, i) => T0 + i * MINUTE_MS);
      await metricStore.append(minutes.slice(0, 5).map((startMs) => minuteOf(old, startMs, 1)));
      await metricStore.append(minutes.map((startMs) => minuteOf(going, startMs, 1)));
      const counts = async (key: SeriesKey) => [
        (await metricStore.readMinutes(key, ever, MINUTE_MS)).length,
        (await metricStore.readSeconds(key, ever)).length,
      ];
      await metricStore.deleteBefore({ secondsMs: T0 + 3 * MINUTE_MS, minutesMs: T0 }, never);
      assert.deepEqual(await counts(old), [5, 2]);
      const limits = { secondsMs: T0 + 9 * MINUTE_MS, minutesMs: T0 + 7 * MINUTE_MS };
      await metricStore.deleteBefore(limits, AbortSignal.abort());
      assert.deepEqual(await counts(old), [5, 2]);
      await metricStore.deleteBefore(limits, never);
      assert.deepEqual(await counts(old), [0, 0]);
      assert.deepEqual(await counts(going), [3, 1]);
      const tenant = { accountId: '123456789012', region: 'old' };
      const listed = await metricStore.listSeries(tenant, firstPage);
      assert.deepEqual(
        listed.map(({ dimensions }) => dimensions),
        ['Channel=b'],
      );
    });

    test('of many series are forgotten in a few steps, and in none after the signal', async () => {
      const { metricStore } = getStore();
      const keys = Array.from({ length: 60 }, (_, i) =>
        keyOf('steps', { dimensions: `Channel=${String(i).padStart(2, '0')}` }),
      );
      await metricStore.deleteBefore({ secondsMs: ever.toMs, minutesMs: ever.toMs }, never);
      for (let i = 0; i < 110; i++) {
        await metricStore.append(keys.map((key) => minuteOf(key, T0 + i * MINUTE_MS, 1)));
      }
      const leftOf = async (key: SeriesKey) => (await metricStore.readSeconds(key, ever)).length;
      const left = async () => (await Promise.all(keys.map(leftOf))).reduce((a, b) => a + b);
      const limits = { secondsMs: T0 + 105 * MINUTE_MS, minutesMs: 0 };
      const stepLimit = (most: number): AbortSignal => {
        let steps = 0;
        return Object.defineProperty(new AbortController().signal, 'aborted', {
          get: () => steps++ >= most,
        });
      };
      await metricStore.deleteBefore(limits, stepLimit(1));
      assert.equal(await left(), 60 * 110 - 5000);
      await metricStore.deleteBefore(limits, stepLimit(2));
      assert.equal(await left(), 60 * 5, 'no transaction for each series');
    });
  });
}
