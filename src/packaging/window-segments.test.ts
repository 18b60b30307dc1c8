import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { WindowSegments } from './window-segments.ts';

const TARGET_TICKS = 4 * VIDEO_TIMESCALE;

function segmentsOf(seconds: readonly number[], gaps: readonly number[] = []): WindowSegments {
  const segments = new WindowSegments();
  for (const [i, each] of seconds.entries()) {
    segments.begin({ programDateTimeMs: 0, isDiscontinuous: false });
    segments.complete(each * VIDEO_TIMESCALE, { isGap: gaps.includes(i) });
    segments.evict(TARGET_TICKS);
  }
  return segments;
}

test('firstMsnWithin() is the segment with the moment so long before the end of the list', () => {
  const within = (seconds: number, segments: WindowSegments) =>
    segments.firstMsnWithin(seconds * VIDEO_TIMESCALE);
  const short = segmentsOf([2, 2, 2, 2, 2, 2, 2]);
  assert.deepEqual(
    [1, 2, 3, 4, 11.9, 12, 13, 15].map((seconds) => within(seconds, short)),
    [7, 7, 6, 6, 2, 2, 1, 1],
  );
  // A gap takes as long as any.
  assert.equal(within(7, segmentsOf([2, 3, 2, 4, 2], [3])), 3);
  short.begin({ programDateTimeMs: 0, isDiscontinuous: false });
  assert.equal(within(1, short), 7, 'the one that grows has no end');
  assert.equal(within(12, segmentsOf([])), 1);
});

test('firstMsnWithin() is a listed one, though older ones are kept', () => {
  const segments = segmentsOf(Array.from({ length: 20 }, () => 2));
  assert.equal(segments.firstMsnWithin(60 * VIDEO_TIMESCALE), segments.firstListedMsn);
  assert.ok(segments.segment(segments.firstListedMsn - 1));
});

// A list by time alone had tens of thousands of segments of an encoder that began anew with each keyframe.
test('evict() keeps no more than so many segments, however short they are', () => {
  const segments = segmentsOf(Array.from({ length: 2_000 }, () => 0.001));
  assert.equal(segments.listed.length, 256);
  assert.equal(segments.firstListedMsn, 2_000 - 256 + 1);
  assert.ok(segments.segment(segments.firstListedMsn - 256));
  assert.equal(segments.segment(segments.firstListedMsn - 257), undefined);
});
