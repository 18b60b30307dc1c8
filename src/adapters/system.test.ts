import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { randomBytes, systemClock } from './system.ts';

/** A millisecond at a time: within one call of `tick`, it is the end of it for everyone. */
function pass(t: TestContext, ms: number): void {
  for (let i = 0; i < ms; i++) t.mock.timers.tick(1);
}

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
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let calls = 0;
  const cancel = systemClock.every(10, () => {
    calls += 1;
  });
  pass(t, 35);
  cancel();
  t.mock.timers.tick(100);
  assert.equal(calls, 3);
});

test('systemClock.every() calls all that have the same interval at the same moment', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const calls: string[] = [];
  systemClock.every(10, () => calls.push(`first ${Date.now()}`));
  pass(t, 7);
  systemClock.every(10, () => calls.push(`second ${Date.now()}`));
  pass(t, 13);
  assert.deepEqual(calls, ['first 10', 'second 10', 'first 20', 'second 20']);
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
