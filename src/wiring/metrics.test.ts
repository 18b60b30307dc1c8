import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { MemoryMetricStore } from '../metrics/testing/memory-metric-store.ts';
import type { Foundation } from './foundation.ts';
import { keepMetrics } from './metrics.ts';

test('keepMetrics() does not hold up an end for what is still to be forgotten', {
  timeout: 10_000,
}, async () => {
  const metricStore = new MemoryMetricStore();
  const begun = Promise.withResolvers<AbortSignal>();
  // As long as nobody stops it.
  metricStore.deleteBefore = (_limits, signal) => {
    begun.resolve(signal);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  };
  const clock = new FakeClock();
  const resources = new AsyncDisposableStack();
  keepMetrics({
    store: { metricStore } as Partial<Foundation['store']> as Foundation['store'],
    clock,
    log: silentLogger,
    resources,
    readings: () => [],
    countries: { countryOf: () => undefined },
  });
  clock.advance(60_000);
  assert.equal((await begun.promise).aborted, false);
  await resources.disposeAsync();
  assert.equal((await begun.promise).aborted, true);
});
