import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { StallMeter } from './stall-meter.ts';

test('a timer that is a little late is no stall; what is beyond its interval is the length of one', () => {
  const clock = new FakeClock();
  const meter = new StallMeter(clock, 1_000);
  for (const [passedMs, stalledMs] of [
    [1_000, 0],
    [1_500, 0],
    [900, 0],
    [1_501, 501],
    [31_000, 30_000],
    [1_000, 0],
  ] as const) {
    clock.advance(passedMs);
    assert.equal(meter.take(), stalledMs);
  }
});
