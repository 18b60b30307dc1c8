import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Segmenter } from './segmenter.ts';

interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Drives a segmenter with times in milliseconds and records what it decides, in milliseconds. */
class Run {
  readonly parts: Interval[] = [];
  readonly segments: Interval[] = [];
  readonly samples: { start: number; at: number }[] = [];
  readonly segmenter = new Segmenter({
    endPart: (start, end) => void this.parts.push({ start: start / 90, end: end / 90 }),
    endSegment: (start, end) => void this.segments.push({ start: start / 90, end: end / 90 }),
  });

  video(atMs: number, isKeyframe = false): this {
    const start = this.segmenter.video(Math.round(atMs) * 90, isKeyframe);
    this.samples.push({ start: start / 90, at: Math.round(atMs) });
    this.segmenter.afterVideo();
    return this;
  }

  audio(atMs: number): this {
    this.segmenter.audio(Math.round(atMs * 90));
    return this;
  }

  /** `frames` at a steady rate, a keyframe every `gop`, rounded to milliseconds as FLV does. */
  steady(framesPerSecond: number, gop: number, frames: number, fromMs = 0): this {
    for (let n = 0; n < frames; n++) {
      this.video(fromMs + (n * 1000) / framesPerSecond, n % gop === 0);
    }
    return this;
  }

  get partLengths(): number[] {
    return this.parts.map(({ start, end }) => Math.round((end - start) * 90) / 90);
  }
}

test('Segmenter ends a part when its last frame is there, not one frame later', () => {
  const run = new Run().steady(30, 60, 6 + 6 + 6);
  assert.deepEqual(run.parts, [
    { start: 0, end: 200 },
    { start: 200, end: 400 },
    { start: 400, end: 600 },
  ]);
});

for (const fps of [10, 15, 24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60]) {
  test(`Segmenter knows before which time no part of ${fps.toFixed(2)} frames a second ends`, () => {
    const gop = Math.round(fps * 2);
    const run = new Run().steady(fps, gop, gop + 1);
    let partEnds = 0;
    let early = 0;
    for (let n = gop + 1; n < gop * 20; n++) {
      const atMs = Math.round((n * 1000) / fps);
      const nextEndTicks = run.segmenter.nextEndTicks ?? Number.NaN;
      const before = run.parts.length;
      run.video(atMs, n % gop === 0);
      const hasEnded = run.parts.length > before;
      if (hasEnded) partEnds++;
      if (n % gop === 0) continue;
      if (hasEnded) assert.ok(atMs * 90 >= nextEndTicks, `${atMs * 90} before ${nextEndTicks}`);
      else if (atMs * 90 >= nextEndTicks) early++;
    }
    assert.ok(partEnds >= 19 * 8, `${partEnds} parts`);
    assert.ok(early <= partEnds / 50, `${early} pictures were waited for and ended no part`);
  });
}

test('Segmenter knows that the next picture ends a segment that has no keyframe', () => {
  const run = new Run().steady(30, 60, 61);
  for (let n = 61; n < 60 * 20; n++) {
    const nextEndTicks = run.segmenter.nextEndTicks ?? Number.NaN;
    const before = run.segments.length;
    run.video((n * 1000) / 30);
    if (run.segments.length > before) assert.ok(Math.round((n * 1000) / 30) * 90 >= nextEndTicks);
  }
  assert.ok(run.segments.length > 3);
});

test('Segmenter does not say when a part ends while pictures keep no pace', () => {
  const run = new Run().steady(30, 60, 61);
  let [unknown, late, atMs] = [0, 0, 2_000];
  for (let n = 0; n < 1_000; n++) {
    atMs += n % 9 === 0 ? 17 : 33 + ((n * 7) % 30);
    const nextEndTicks = run.segmenter.nextEndTicks;
    if (nextEndTicks === undefined) unknown++;
    const before = run.parts.length;
    run.video(atMs, n % 60 === 59);
    if (n % 60 === 59 || run.parts.length === before) continue;
    if (nextEndTicks !== undefined && atMs * 90 < nextEndTicks) late++;
  }
  assert.ok(unknown > 950, `${unknown}`);
  assert.equal(late, 0);
});

test('Segmenter does not say when a part ends before it knows how long parts are, nor after a break', () => {
  const run = new Run();
  run.steady(30, 60, 60);
  assert.equal(run.segmenter.nextEndTicks, undefined);
  run.video(2_000, true);
  assert.ok(run.segmenter.nextEndTicks);
  run.segmenter.flush();
  assert.equal(run.segmenter.nextEndTicks, undefined);
});

for (const fps of [10, 15, 24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60]) {
  test(`Segmenter states a part target that no part of ${fps.toFixed(2)} frames a second exceeds`, () => {
    const gop = Math.round(fps * 2);
    const run = new Run().steady(fps, gop, gop * 30 + 1);
    const targetMs = (run.segmenter.partTargetTicks ?? 0) / 90;
    assert.ok(targetMs >= 160 && targetMs <= 260, `target is ${targetMs} ms`);
    const lastOfSegment = new Set(run.segments.map(({ end }) => end));
    for (const { start, end } of run.parts) {
      assert.ok(end - start <= targetMs, `part of ${end - start} ms exceeds ${targetMs} ms`);
      // Apple: parts but the last of a segment are at least 85 % of the target, or iOS refuses the stream.
      if (!lastOfSegment.has(end)) assert.ok(end - start >= targetMs * 0.85, `${end - start} ms`);
    }
    assert.equal(run.segments.length, 30);
    assert.equal(run.segmenter.targetDurationSeconds, 4);
  });
}

test('Segmenter keeps decoding times contiguous and near the encoder’s when frames are dropped', () => {
  const run = new Run();
  for (let n = 0; n < 300; n++) if (n % 17 !== 5) run.video((n * 1000) / 30, n % 60 === 0);
  assertContiguous(run);
  for (const { start, at } of run.samples.slice(2)) assert.ok(Math.abs(start - at) < 250);
});

// A screen that stands still for a second while the first segment is made: guessing the next step from the last one alone made that
// second the part target of the whole stream, and foretold the frames after it a second too late.
test('Segmenter takes no pause of the picture for the pace of it', () => {
  const run = new Run();
  for (let n = 0; n < 240; n++) {
    const isThere = (n * 7919) % 10 < 6 && !(n > 20 && n < 56);
    if (isThere) run.video((n * 1000) / 30, n % 60 === 0);
    for (let at = (n * 1000) / 30; at < ((n + 1) * 1000) / 30; at += 21) run.audio(at);
  }
  assert.ok((run.segmenter.partTargetTicks ?? 0) <= 260 * 90, `${run.segmenter.partTargetTicks}`);
  // The frame's own time is never more than rounding before the time that it is decoded at.
  for (const { start, at } of run.samples)
    assert.ok(start <= at + 1, `${at} is decoded at ${start}`);
});

test('Segmenter does not take a pause after the first frame for the pace', () => {
  const run = new Run().video(0, true).steady(30, 60, 121, 1500);
  assert.ok((run.segmenter.partTargetTicks ?? 0) <= 201 * 90, `${run.segmenter.partTargetTicks}`);
});

test('Segmenter follows two frames a second without falling behind', () => {
  const run = new Run().steady(2, 4, 21);
  for (const { start, at } of run.samples) assert.ok(at - start <= 50, `${at} decoded at ${start}`);
});

test('Segmenter cuts a segment at the first keyframe after the shortest length', () => {
  // All intra at 25 frames a second: a keyframe every 40 ms.
  const run = new Run().steady(25, 1, 101);
  assert.deepEqual(
    run.segments.map(({ start, end }) => end - start),
    [920, 920, 920, 920],
  );
});

test('Segmenter ends a segment without a keyframe when the target duration would be exceeded', () => {
  const run = new Run().steady(30, 60, 121);
  // From here on the encoder sends no keyframe any more.
  for (let n = 121; n < 1000; n++) run.video((n * 1000) / 30);
  assert.equal(run.segmenter.targetDurationSeconds, 4);
  for (const { start, end } of run.segments) assert.ok(Math.round((end - start) / 1000) <= 4);
  assert.ok(run.segments.length >= 7);
});

test('Segmenter ends the first segment after ten seconds when no keyframe comes', () => {
  const run = new Run().steady(30, 100_000, 400);
  assert.equal(run.segmenter.targetDurationSeconds, 10);
  assert.ok(run.segments[0] && run.segments[0].end < 10_500);
});

for (const fps of [24, 25, 30_000 / 1001, 30, 50, 60]) {
  test(`Segmenter has a segment for each ten seconds from keyframe to keyframe, of ${fps.toFixed(2)} frames a second`, () => {
    const gop = Math.round(fps * 10);
    const run = new Run().steady(fps, gop, gop * 3 + 1);
    assert.equal(run.segmenter.targetDurationSeconds, 10);
    assert.deepEqual(
      run.segments.map(({ start, end }) => Math.round((end - start) / 100)),
      [100, 100, 100],
    );
  });
}

test('Segmenter takes the target duration from a first segment longer than the least one', () => {
  const run = new Run().steady(30, 250, 501);
  assert.equal(run.segmenter.targetDurationSeconds, 8);
});

test('Segmenter lets sound end parts while the picture stands still', () => {
  const run = new Run().steady(30, 60, 61);
  const before = run.parts.length;
  for (let at = 2000; at < 6000; at += 21) run.audio(at);
  assert.ok(run.parts.length - before >= 14, `${run.parts.length - before} parts`);
  run.video(6000).video(6033);
  assertContiguous(run);
});

test('Segmenter does not let sound that is a second ahead end a part of the picture', () => {
  const run = new Run();
  for (let n = 0; n < 120; n++) {
    run.audio((n * 1000) / 30 + 900);
    run.video((n * 1000) / 30, n % 60 === 0);
  }
  for (const length of run.partLengths) assert.equal(Math.round(length), 200);
});

test('Segmenter starts over where the timeline breaks', () => {
  const run = new Run().steady(30, 60, 70);
  run.segmenter.flush();
  const closed = run.segments.length;
  run.steady(30, 60, 61, 100_000);
  assert.equal(run.segments[closed]?.start, 100_000);
});

/**
 * A part that a picture ended, then a part that sound ended: the second made the segment 4.5 s long with a target duration
 * of 4, because only the next picture would have seen that the segment was full.
 */
const SOUND_AFTER_A_PICTURE_ENDED_THE_PART = [
  ...[211, 723, 305, 166, 841].map((stepMs) => ({ stepMs, isKeyframe: false })),
  { stepMs: 299, isKeyframe: true },
  ...[293, 825, 447, 671, 850, 314, 715].map((stepMs) => ({ stepMs, isKeyframe: false })),
];

test('Segmenter keeps every promise whatever the times are', () => {
  const frames = fc.array(
    fc.record({ stepMs: fc.integer({ min: 1, max: 900 }), isKeyframe: fc.boolean() }),
    { minLength: 2, maxLength: 400 },
  );
  fc.assert(
    fc.property(frames, fc.boolean(), (steps, hasAudio) => {
      const run = new Run();
      let at = 0;
      for (const { stepMs, isKeyframe } of steps) {
        run.video(at, at === 0 || isKeyframe);
        if (hasAudio) for (let sound = at; sound < at + stepMs; sound += 21) run.audio(sound);
        at += stepMs;
      }
      run.segmenter.flush();
      assertContiguous(run);
      const target = (run.segmenter.partTargetTicks ?? Number.POSITIVE_INFINITY) / 90;
      for (const length of run.partLengths) {
        assert.ok(length > 0, `a part lasts ${length} ms`);
        assert.ok(length <= target, `a part of ${length} ms exceeds the target of ${target} ms`);
      }
      const seconds = run.segmenter.targetDurationSeconds ?? Number.POSITIVE_INFINITY;
      for (const { start, end } of run.segments)
        assert.ok(Math.round((end - start) / 1000) <= seconds);
    }),
    { numRuns: 300, examples: [[SOUND_AFTER_A_PICTURE_ENDED_THE_PART, true]] },
  );
});

/** Parts follow each other without a hole, segments too, and sample times never step back. */
function assertContiguous(run: Run): void {
  for (const list of [run.parts, run.segments]) {
    for (let i = 1; i < list.length; i++) assert.equal(list[i]?.start, list[i - 1]?.end);
  }
  for (let i = 1; i < run.samples.length; i++) {
    assert.ok((run.samples[i]?.start ?? 0) >= (run.samples[i - 1]?.start ?? 0));
  }
}
