import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FramePacing } from './frame-pacing.ts';

/** Of frames at whole milliseconds, of which those are left out that `isDropped` names. */
function rateOf(
  framesPerSecond: number,
  frames: number,
  isDropped: (frame: number) => boolean = () => false,
): number {
  const pacing = new FramePacing();
  for (let n = 0; n < frames; n++) {
    if (!isDropped(n)) pacing.observe(Math.round((n * 1000) / framesPerSecond) * 90);
  }
  return pacing.framesPerSecond;
}

for (const rate of [24_000 / 1001, 25, 30_000 / 1001, 30, 50, 60]) {
  test(`a steady ${rate.toFixed(2)} frames a second is that`, () => {
    assert.equal(rateOf(rate, 120), rate);
  });
}

// The rate is part of a rendition's name: with 29 it does not merge with the recording of the stream before, of 30.
test('an encoder that drops frames at its start has the rate of the others', () => {
  assert.equal(
    rateOf(30, 60, (n) => n === 20 || n === 41),
    30,
  );
  assert.equal(
    rateOf(60, 120, (n) => [30, 95, 110].includes(n)),
    60,
  );
  assert.equal(
    rateOf(25, 50, (n) => n === 10),
    25,
  );
});

test('a variable rate is its average', () => {
  const rate = rateOf(30, 120, (n) => n % 4 > 1);
  assert.ok(Math.abs(rate - 15) < 0.5, `${rate}`);
  assert.equal(Math.round(rateOf(12, 40)), 12);
  assert.equal(rateOf(30, 1), 0);
});
