import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { ReconnectWindow } from './reconnect-window.ts';

function setUp() {
  const clock = new FakeClock();
  let passes = 0;
  const window = new ReconnectWindow(clock, () => passes++);
  return { clock, window, passes: () => passes };
}

test('ReconnectWindow passes at its deadline, and at once where that is over', () => {
  const { clock, window, passes } = setUp();
  window.open(clock.nowMs() + 5000);
  clock.advance(4999);
  assert.equal(passes(), 0);
  clock.advance(1);
  assert.equal(passes(), 1);
  window.open(clock.nowMs() - 1);
  assert.equal(passes(), 1, 'whoever opens it says when it is ready');
  window.check();
  assert.equal(passes(), 2);
});

test('ReconnectWindow does not pass while it is held by who came back in time', () => {
  const { clock, window, passes } = setUp();
  window.open(clock.nowMs() + 5000);
  assert.ok(window.hold(clock.nowMs()));
  assert.ok(!window.hold(clock.nowMs() + 5001));
  clock.advance(8000);
  assert.equal(passes(), 0);
  window.release();
  assert.equal(passes(), 1);
});

test('ReconnectWindow holds nobody and passes never once it is closed', () => {
  const { clock, window, passes } = setUp();
  window.open(clock.nowMs() + 5000);
  window.close();
  clock.advance(6000);
  assert.ok(!window.hold(0));
  window.check();
  assert.equal(passes(), 0);
});
