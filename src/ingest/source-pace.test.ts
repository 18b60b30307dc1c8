import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { IngestRejection } from './rejection.ts';
import { SourcePace } from './source-pace.ts';

function setUp() {
  const clock = new FakeClock();
  return { clock, pace: new SourcePace(() => clock.monotonicMs()) };
}

/** The media time that is not taken any more. */
function refusedAtMs(pace: SourcePace, step: () => number): number {
  for (;;) {
    const mediaMs = step();
    try {
      pace.reached(mediaMs);
    } catch (error) {
      assert.ok(error instanceof IngestRejection);
      return mediaMs;
    }
    if (mediaMs > 1e9) return Number.POSITIVE_INFINITY;
  }
}

test('media may come as fast as any encoder makes them, also behind a long pause of the network', () => {
  const { clock, pace } = setUp();
  let mediaMs = 0;
  const speeds = [1, 0, 60, 1, 300, 900];
  for (const speed of speeds) {
    for (let n = 0; n < 600; n++) {
      clock.advance(100);
      pace.reached((mediaMs += speed * 100));
    }
  }
});

// A megabyte of three bytes of sound each, ten seconds apart, was a week of media and half a minute of work.
test('media that no time has passed for are a minute at most', () => {
  const { clock, pace } = setUp();
  let mediaMs = 0;
  for (let second = 0; second < 3_600; second++) {
    clock.advance(1_000);
    pace.reached((mediaMs += 1_000));
  }
  const from = mediaMs;
  const refused = refusedAtMs(pace, () => (mediaMs += 9_900)) - from;
  assert.ok(refused > 60_000 && refused < 75_000, `${refused} ms`);
});

test('thirty breaks in ten seconds are taken, and again in the next ten', () => {
  const { clock, pace } = setUp();
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 30; n++) pace.broke();
    clock.advance(10_000);
  }
  for (let n = 0; n < 30; n++) pace.broke();
  assert.throws(() => pace.broke(), IngestRejection);
});
