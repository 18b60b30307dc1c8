import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type WaitOutcome, WindowWaiters } from './window-waiters.ts';

const never = () => undefined;

/** What `outcome` is so far. */
async function soFar(outcome: Promise<WaitOutcome>): Promise<WaitOutcome | 'pending'> {
  return Promise.race([outcome, Promise.resolve('pending' as const)]);
}

test('wait() is over at once where there is nothing to wait for', async () => {
  const waiters = new WindowWaiters(new FakeClock());
  const { outcome } = waiters.wait('a', () => 'unavailable', 1_000);
  assert.equal(await outcome, 'unavailable');
});

test('wake() tells those who got what they waited for, and asks once for all who wait for the same', async () => {
  const waiters = new WindowWaiters(new FakeClock());
  let isThere = false;
  let asked = 0;
  const check = () => {
    asked++;
    return isThere ? ('available' as const) : undefined;
  };
  const viewers = Array.from({ length: 5 }, () => waiters.wait('a', check, 1_000));
  const other = waiters.wait('b', never, 1_000);
  isThere = true;
  asked = 0;
  waiters.wake();
  assert.equal(asked, 1);
  for (const { outcome } of viewers) assert.equal(await outcome, 'available');
  assert.equal(await soFar(other.outcome), 'pending');
});

test('cancel() by some leaves the others waiting, and by all ends the wait', async () => {
  const waiters = new WindowWaiters(new FakeClock());
  let asked = 0;
  const check = () => {
    asked++;
    return asked > 4 ? ('available' as const) : undefined;
  };
  const [first, second] = [waiters.wait('a', check, 1_000), waiters.wait('a', check, 1_000)];
  first.cancel();
  waiters.wake();
  assert.equal(asked, 3);
  second.cancel();
  waiters.wake();
  assert.equal(asked, 3);
  // Who comes now is not tied to those who left.
  const third = waiters.wait('a', check, 1_000);
  waiters.wake();
  assert.equal(await third.outcome, 'available');
  assert.equal(await soFar(second.outcome), 'pending');
});

test('cancel() after the outcome does no harm to who waits for the same again', async () => {
  const waiters = new WindowWaiters(new FakeClock());
  let isThere = true;
  const check = () => (isThere ? ('available' as const) : undefined);
  isThere = false;
  const before = waiters.wait('a', check, 1_000);
  isThere = true;
  waiters.wake();
  isThere = false;
  const after = waiters.wait('a', check, 1_000);
  before.cancel();
  isThere = true;
  waiters.wake();
  assert.equal(await after.outcome, 'available');
});

test('nobody waits less than the timeout, nor a second more', async () => {
  const clock = new FakeClock();
  const waiters = new WindowWaiters(clock);
  const ends: { readonly fromMs: number; toMs: number | undefined }[] = [];
  for (let i = 0; i < 50; i++) {
    const end = { fromMs: clock.monotonicMs(), toMs: undefined as number | undefined };
    ends.push(end);
    const { outcome } = waiters.wait('a', never, 3_000);
    void outcome.then(() => {
      end.toMs = clock.monotonicMs();
    });
    clock.advance(70);
    await new Promise(setImmediate);
  }
  for (let i = 0; i < 60; i++) {
    clock.advance(70);
    await new Promise(setImmediate);
  }
  for (const { fromMs, toMs = Number.POSITIVE_INFINITY } of ends) {
    assert.ok(toMs - fromMs >= 3_000 && toMs - fromMs < 4_100, `${toMs - fromMs} ms`);
  }
});
