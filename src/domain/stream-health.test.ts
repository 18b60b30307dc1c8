import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamHealthMonitor } from './stream-health.ts';

/** Observes once a second from `fromMs` to `toMs` (both included), media running at `pace` of real time. */
function run(
  monitor: StreamHealthMonitor,
  { fromMs, toMs, mediaMs, pace }: { fromMs: number; toMs: number; mediaMs: number; pace: number },
): string[] {
  const seen: string[] = [];
  for (let at = fromMs; at <= toMs; at += 1000) {
    const lastFrameAtMs = pace > 0 ? at : fromMs;
    seen.push(monitor.observe(at, mediaMs + (at - fromMs) * pace, lastFrameAtMs));
  }
  return seen;
}

test('StreamHealthMonitor is UNKNOWN until there is something to compare, then HEALTHY', () => {
  const monitor = new StreamHealthMonitor(0);
  const seen = run(monitor, { fromMs: 1000, toMs: 3000, mediaMs: 0, pace: 1 });
  assert.deepEqual(seen, ['UNKNOWN', 'HEALTHY', 'HEALTHY']);
});

test('StreamHealthMonitor says STARVING within ten seconds of a stall, HEALTHY again when media flows', () => {
  const monitor = new StreamHealthMonitor(0);
  run(monitor, { fromMs: 0, toMs: 10_000, mediaMs: 0, pace: 1 });
  const stalled = run(monitor, { fromMs: 11_000, toMs: 20_000, mediaMs: 10_000, pace: 0 });
  assert.equal(stalled[0], 'HEALTHY');
  assert.equal(stalled[3], 'STARVING');
  const back = run(monitor, { fromMs: 21_000, toMs: 27_000, mediaMs: 10_000, pace: 1 });
  assert.equal(back.at(-1), 'HEALTHY');
});

test('StreamHealthMonitor says STARVING when media comes at half the pace', () => {
  const monitor = new StreamHealthMonitor(0);
  run(monitor, { fromMs: 0, toMs: 10_000, mediaMs: 0, pace: 1 });
  const slow = run(monitor, { fromMs: 11_000, toMs: 20_000, mediaMs: 10_500, pace: 0.5 });
  assert.equal(slow.at(-1), 'STARVING');
});

test('StreamHealthMonitor stays as it is between the two bounds', () => {
  const monitor = new StreamHealthMonitor(0);
  run(monitor, { fromMs: 0, toMs: 10_000, mediaMs: 0, pace: 1 });
  const slower = run(monitor, { fromMs: 11_000, toMs: 40_000, mediaMs: 10_900, pace: 0.9 });
  assert.deepEqual([...new Set(slower)], ['HEALTHY']);
});

test('StreamHealthMonitor says STARVING when no picture came ten seconds after the start', () => {
  const monitor = new StreamHealthMonitor(0);
  assert.equal(monitor.observe(9000, 0, undefined), 'UNKNOWN');
  assert.equal(monitor.observe(10_000, 0, undefined), 'STARVING');
});

test('StreamHealthMonitor takes a burst after a stall for health', () => {
  const monitor = new StreamHealthMonitor(0);
  run(monitor, { fromMs: 0, toMs: 5000, mediaMs: 0, pace: 1 });
  run(monitor, { fromMs: 6000, toMs: 12_000, mediaMs: 5000, pace: 0 });
  assert.equal(monitor.health, 'STARVING');
  assert.equal(monitor.observe(13_000, 12_800, 13_000), 'HEALTHY');
});
