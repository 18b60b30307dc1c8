import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TRACKS } from '../../test/support/media.ts';
import { Timeline, TimestampUnroller } from './timeline.ts';

test('TimestampUnroller follows any steps below 2^31 ms', () => {
  const step = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.array(step), (start, steps) => {
      const unroller = new TimestampUnroller();
      let ms = unroller.unroll(start);
      for (const deltaMs of steps) {
        ms += deltaMs;
        assert.equal(unroller.unroll(((ms % 2 ** 32) + 2 ** 32) % 2 ** 32), ms);
      }
    }),
  );
});

test('Timeline keeps audio on the sample grid for hours of rounded milliseconds', () => {
  const audio = { ...TRACKS.audio!, timescale: 44_100, sampleRate: 44_100 };
  const timeline = new Timeline();
  timeline.start(0);
  timeline.videoTicks(0);
  for (let i = 0; i < 500_000; i++) {
    const stampedMs = Math.round((i * 1024 * 1000) / 44_100);
    assert.equal(timeline.audioTicks(stampedMs, audio), i * 1024);
  }
});

test('Timeline drops audio far ahead of everything else: its clock must have been set', () => {
  const timeline = new Timeline();
  timeline.start(0);
  timeline.videoTicks(0);
  assert.equal(timeline.audioTicks(10_001, TRACKS.audio!), undefined);
  assert.equal(timeline.audioTicks(10_000, TRACKS.audio!), 480_000);
});
