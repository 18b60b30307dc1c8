import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { BacklogHold } from './backlog-hold.ts';

test('encoders are held while the main thread is behind, and go on by themselves', () => {
  const clock = new FakeClock();
  const calls: boolean[] = [];
  let backlog = 500;
  const held = new BacklogHold({
    backlog: () => backlog,
    hold: (isHeld) => calls.push(isHeld),
    clock,
  });
  held.posted();
  assert.deepEqual(calls, []);
  backlog = 501;
  held.posted();
  held.posted();
  assert.deepEqual(calls, [true]);
  clock.advance(1_000);
  assert.deepEqual(calls, [true]);
  backlog = 0;
  clock.advance(100);
  assert.deepEqual(calls, [true, false]);
  backlog = 501;
  held.posted();
  assert.deepEqual(calls, [true, false, true]);
});
