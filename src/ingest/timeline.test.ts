import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TRACKS } from '../../test/support/media.ts';
import { Timeline, TimestampUnroller } from './timeline.ts';

/** With a keyframe at 0. */
function begun(): Timeline {
  const timeline = new Timeline();
  timeline.start(0);
  timeline.videoTicks(0);
  return timeline;
}

const audioAt = (sampleRate: number) => ({ ...TRACKS.audio!, timescale: sampleRate, sampleRate });

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
  const audio = audioAt(44_100);
  const timeline = begun();
  for (let i = 0; i < 500_000; i++) {
    const stampedMs = Math.round((i * 1024 * 1000) / 44_100);
    assert.equal(timeline.audioTicks(stampedMs, audio), i * 1024);
  }
});

test('Timeline begins at the time that it is given, whatever the encoder counts from', () => {
  const timeline = new Timeline(7_000);
  timeline.start(123_456);
  assert.equal(timeline.videoTicks(123_456), 630_000);
  assert.equal(timeline.audioTicks(123_455, TRACKS.audio!), undefined);
  assert.equal(timeline.audioTicks(123_456, TRACKS.audio!), 336_000);
});

test('Timeline drops audio far ahead of everything else: its clock must have been set', () => {
  const timeline = begun();
  assert.equal(timeline.audioTicks(10_001, TRACKS.audio!), undefined);
  assert.equal(timeline.audioTicks(10_000, TRACKS.audio!), 480_000);
});

for (const framesABurst of [2, 4, 8]) {
  test(`Timeline takes all audio of an encoder that stamps ${framesABurst} frames alike, without a gap`, () => {
    const audio = audioAt(44_100);
    const timeline = begun();
    for (let i = 0; i < 10_000; i++) {
      const samples = Math.floor(i / framesABurst) * framesABurst * 1024;
      const stampedMs = Math.round((samples * 1000) / 44_100);
      assert.equal(timeline.audioTicks(stampedMs, audio), i * 1024);
    }
  });
}

test('Timeline finds its way where jitter is larger than a frame: one gap, and nothing is dropped', () => {
  const timeline = begun();
  const offsetsMs = [0, 100, -60, 30, -100, 0, 60];
  const placed = Array.from({ length: 3000 }, (_, i) =>
    timeline.audioTicks(1000 + Math.round((i * 64) / 3) + offsetsMs[i % 7]!, TRACKS.audio!),
  );
  const gaps = placed.slice(1).filter((ticks, i) => ticks !== placed[i]! + 1024);
  assert.equal(gaps.length, 1);
});

for (const { timescale, framesABurst } of [
  { timescale: 48_000, framesABurst: 1 },
  { timescale: 48_000, framesABurst: 4 },
  { timescale: 44_100, framesABurst: 4 },
  { timescale: 44_100, framesABurst: 8 },
  { timescale: 32_000, framesABurst: 6 },
  { timescale: 11_025, framesABurst: 1 },
]) {
  test(`Timeline drops single frames of a sound card that is fast: ${timescale} Hz, ${framesABurst} frames stamped alike`, () => {
    const audio = audioAt(timescale);
    const timeline = begun();
    const dropped: number[] = [];
    for (let i = 0; i < 30_000; i++) {
      const samples = Math.floor(i / framesABurst) * framesABurst * 1024;
      const stampedMs = Math.round((samples * 1000) / timescale / 1.01);
      const ticks = timeline.audioTicks(stampedMs, audio);
      if (ticks === undefined) dropped.push(i);
      else assert.ok(Math.abs((ticks * 1000) / timescale - stampedMs) <= 250, `frame ${i}`);
    }
    assert.ok(Math.abs(dropped.length - 297) < 15, `${dropped.length} of the 297 too many`);
    assert.ok(
      dropped.every((i, n) => n === 0 || i > dropped[n - 1]! + 1),
      'no two in a row',
    );
  });
}

test('Timeline drops at once what the clock of the sound was set back by, once that lasts', () => {
  const timeline = begun();
  const taken = Array.from({ length: 500 }, (_, i) => {
    const stampedMs = Math.round((i * 64) / 3) - (i < 100 ? 0 : 200);
    return timeline.audioTicks(stampedMs, TRACKS.audio!) !== undefined;
  });
  const dropped = taken.flatMap((isTaken, i) => (isTaken ? [] : [i]));
  assert.equal(dropped.length, 8, 'so that what is left is within the tolerance');
  assert.equal(dropped.at(-1)! - dropped[0]!, 7);
});
