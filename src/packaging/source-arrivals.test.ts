import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { SourceArrivals } from './source-arrivals.ts';

const SECOND = VIDEO_TIMESCALE;

test('at() knows nothing before the first keyframe', () => {
  assert.equal(new SourceArrivals().at(0), undefined);
});

test('at() is when the keyframe came in, however many came since', () => {
  const arrivals = new SourceArrivals();
  for (let n = 0; n < 5; n++) arrivals.received(n * 2 * SECOND, 1_000_000 + n * 2003);
  assert.equal(arrivals.at(0), 1_000_000);
  assert.equal(arrivals.at(4 * SECOND), 1_004_006);
});

test('at() counts on from the keyframe before, and back from the first', () => {
  const arrivals = new SourceArrivals();
  arrivals.received(2 * SECOND, 1_000_000);
  arrivals.received(10 * SECOND, 1_008_100);
  assert.equal(arrivals.at(9 * SECOND), 1_007_000);
  assert.equal(arrivals.at(SECOND), 999_000);
});

test('at() goes by the newest where the timeline jumped back', () => {
  const arrivals = new SourceArrivals();
  arrivals.received(0, 1_000_000);
  arrivals.received(60 * SECOND, 1_060_000);
  arrivals.received(10 * SECOND, 1_090_000);
  assert.equal(arrivals.at(11 * SECOND), 1_091_000);
});

test('a transcoder that takes nothing for hours costs no memory', () => {
  const arrivals = new SourceArrivals();
  for (let n = 0; n < 1000; n++) arrivals.received(n * 2 * SECOND, n * 2000);
  assert.equal(arrivals.at(0), 0);
  assert.equal(arrivals.at(999 * 2 * SECOND), 999 * 2000);
});
