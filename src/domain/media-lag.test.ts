import assert from 'node:assert/strict';
import test from 'node:test';
import { MediaLag } from './media-lag.ts';

/** Media that came in by each second, from the first on; what was made up for at the end of each. */
function madeUp(paces: readonly number[]): number[] {
  const lag = new MediaLag(10_000);
  let mediaMs = 0;
  return paces.map((pace, second) => {
    mediaMs += pace * 1000;
    lag.observe((second + 1) * 1000, mediaMs);
    return lag.madeUpMs;
  });
}

const seconds = (count: number, pace: number) => Array.from({ length: count }, () => pace);

test('an encoder on time makes up for nothing', () => {
  assert.ok(madeUp(seconds(60, 1)).every((ms) => ms === 0));
});

test('who was late has made up for it as long as the window begins before it was on time', () => {
  const paces = [...seconds(20, 1), ...seconds(15, 0), ...seconds(5, 4), ...seconds(30, 1)];
  const all = madeUp(paces);
  assert.equal(all[20 + 15 - 1], 0);
  // Fifteen seconds late when it began to send again, on time five seconds later, in a window of ten.
  assert.ok((all[20 + 15 + 5 - 1] ?? 0) >= 10_000, `${all[39]}`);
  assert.ok((all[20 + 15 + 5 - 1] ?? 0) <= 15_000);
  assert.ok(all.slice(20 + 15 + 5 + 12).every((ms) => ms === 0));
});

test('who is ahead of its time has made up for nothing', () => {
  assert.ok(madeUp([...seconds(20, 1), ...seconds(40, 3)]).every((ms) => ms === 0));
});

test('who was ahead of its time, and falls back, has nothing to make up for', () => {
  const paces = [...seconds(5, 3), ...seconds(10, 0), ...seconds(20, 1)];
  assert.ok(madeUp(paces).every((ms) => ms === 0));
});

test('a lasting delay is not made up for', () => {
  const paces = [...seconds(20, 1), ...seconds(5, 0), ...seconds(60, 1)];
  assert.ok(madeUp(paces).every((ms) => ms === 0));
});
