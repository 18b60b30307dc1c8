import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomBytes, systemClock } from './system.ts';

test('systemClock tells the wall time in milliseconds and never steps back', () => {
  const before = Date.now();
  const now = systemClock.nowMs();
  assert.ok(now >= before && now <= Date.now());
  const first = systemClock.monotonicMs();
  assert.ok(systemClock.monotonicMs() >= first);
});

test('systemClock.after() calls once, and not at all when cancelled', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const calls: string[] = [];
  systemClock.after(10, () => calls.push('kept'));
  const cancel = systemClock.after(10, () => calls.push('cancelled'));
  cancel();
  cancel();
  t.mock.timers.tick(100);
  assert.deepEqual(calls, ['kept']);
});

test('systemClock.every() calls again and again until cancelled', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let calls = 0;
  const cancel = systemClock.every(10, () => {
    calls += 1;
  });
  t.mock.timers.tick(35);
  cancel();
  t.mock.timers.tick(100);
  assert.equal(calls, 3);
});

test('systemClock refuses a delay that Node would turn into 1 ms', () => {
  for (const delayMs of [2 ** 31, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => systemClock.after(delayMs, () => {}), RangeError);
    assert.throws(() => systemClock.every(delayMs, () => {}), RangeError);
  }
});

test('randomBytes() gives as many as asked for', () => {
  assert.equal(randomBytes(0).length, 0);
  assert.equal(randomBytes(30).length, 30);
  assert.notDeepEqual(randomBytes(30), randomBytes(30));
});
