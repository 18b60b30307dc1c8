import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { ProgramClock } from './program-clock.ts';

const T0 = Date.UTC(2026, 0, 1);
const at = (clock: ProgramClock, mediaMs: number, receivedMs: number) =>
  clock.at((mediaMs * VIDEO_TIMESCALE) / 1000, T0 + receivedMs) - T0;

test('ProgramClock follows the media through jitter, and the clocks apart by a millisecond a segment', () => {
  const clock = new ProgramClock();
  assert.equal(at(clock, 0, 0), 0);
  assert.equal(at(clock, 2000, 2400), 2001);
  assert.equal(at(clock, 4000, 3900), 4000);
  assert.equal(at(clock, 6000, 6000), 6000);
});

// A laptop that slept for an hour: dates and the IVS player's latency were off by that hour until the stream ended.
test('ProgramClock is laid anew where the media is further behind than any buffer holds it', () => {
  const clock = new ProgramClock();
  at(clock, 0, 0);
  assert.equal(at(clock, 2000, 3_602_000), 3_602_000);
  assert.equal(at(clock, 4000, 3_604_000), 3_604_000);
});

// ffmpeg without -re sends a file as fast as it can: dates may run ahead, never back.
test('ProgramClock does not go back where media comes faster than time', () => {
  const clock = new ProgramClock();
  const dates = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => at(clock, n * 4000, n * 10));
  assert.deepEqual(
    dates,
    dates.toSorted((a, b) => a - b),
  );
});
