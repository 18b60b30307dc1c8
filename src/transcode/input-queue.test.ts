import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Frame } from '../media/frame.ts';
import { InputQueue } from './input-queue.ts';

const LIMITS = { mediaMs: 1_000, byteLength: 100_000 };

const video = (timeMs: number, isKeyframe: boolean, byteLength = 10): Frame => ({
  kind: 'video',
  dtsTicks: timeMs * 90,
  ctsOffsetTicks: 40 * 90,
  isKeyframe,
  payload: new Uint8Array(byteLength),
});

/** A frame each 100 ms, a keyframe each `gop` frames. */
function push(queue: InputQueue, from: number, to: number, gop: number) {
  const gaps = [];
  for (let n = from; n < to; n++) {
    const gap = queue.push(video(n * 100, n % gop === 0), n * 100);
    if (gap) gaps.push({ at: n, ...gap });
  }
  return gaps;
}

const drain = (queue: InputQueue) => {
  const times: number[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) times.push(next.timeMs / 100);
  return times;
};

test('InputQueue hands out what it was given, in order', () => {
  const queue = new InputQueue(LIMITS);
  assert.deepEqual(push(queue, 0, 10, 5), []);
  assert.deepEqual(drain(queue), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.ok(queue.isEmpty);
});

test('InputQueue goes on with the newest group of pictures when it holds too much media', () => {
  const queue = new InputQueue(LIMITS);
  assert.deepEqual(push(queue, 0, 12, 5), [{ at: 11, frames: 10, resumeMs: 1040 }]);
  assert.deepEqual(drain(queue), [10, 11]);
});

test('InputQueue waits for a keyframe when the newest group of pictures is too much', () => {
  const queue = new InputQueue(LIMITS);
  assert.deepEqual(push(queue, 0, 24, 20), [{ at: 20, frames: 20, resumeMs: 2040 }]);
  assert.deepEqual(drain(queue), [20, 21, 22, 23]);
});

test('InputQueue holds no more bytes than it may, but a single keyframe of any size goes through', () => {
  const queue = new InputQueue(LIMITS);
  queue.push(video(0, true, 60_000), 0);
  assert.equal(queue.push(video(10, false, 60_000), 10), undefined);
  assert.ok(queue.isEmpty);
  assert.deepEqual(queue.push(video(20, true, 60_000), 20), { frames: 2, resumeMs: 60 });
  assert.equal(queue.shift()?.timeMs, 20);
});

test('InputQueue never continues with a picture whose predecessor it dropped', () => {
  const step = fc.record({
    isKeyframe: fc.boolean(),
    isAudio: fc.boolean(),
    byteLength: fc.integer({ min: 1, max: 40_000 }),
    taken: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new InputQueue(LIMITS);
      const out: number[] = [];
      const keyframes = new Set<number>();
      let gaps = 0;
      steps.forEach(({ isKeyframe, isAudio, byteLength, taken }, n) => {
        const frame = video(n * 50, isKeyframe && !isAudio, byteLength);
        if (frame.isKeyframe) keyframes.add(n);
        const gap = queue.push(isAudio ? { ...frame, kind: 'audio' } : frame, n * 50);
        if (gap) gaps++;
        for (let i = 0; i < taken; i++) {
          const next = queue.shift();
          if (next) out.push(next.timeMs / 50);
        }
      });
      for (let next = queue.shift(); next; next = queue.shift()) out.push(next.timeMs / 50);
      const jumps = out.filter((n, i) => n !== (i === 0 ? 0 : out[i - 1]! + 1));
      for (const n of jumps) assert.ok(keyframes.has(n), `went on at ${n}`);
      assert.ok(jumps.length <= gaps);
    }),
  );
});
