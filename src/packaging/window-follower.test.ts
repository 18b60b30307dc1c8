import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { LiveWindow } from './live-window.ts';
import type { Part } from './segment.ts';
import { contentsOf, WindowScript, windowStep } from './testing/window-script.ts';
import type { WindowFollower } from './window-follower.ts';

const MAX_STEPS = 60;

/** A window that is done to what a follower is told. */
class Replica implements WindowFollower {
  readonly #of: LiveWindow;
  #window: LiveWindow | undefined;

  constructor(of: LiveWindow) {
    this.#of = of;
  }

  get window(): LiveWindow {
    return this.#window ?? assert.fail('the follower was told of the start');
  }

  start(start: Parameters<WindowFollower['start']>[0]): void {
    assert.equal(this.#window, undefined);
    const { isLowLatency, mediaExtension } = this.#of;
    this.#window = new LiveWindow({ isLowLatency, mediaExtension, clock: new FakeClock(), start });
  }

  generationBegan(initSegment: Uint8Array | undefined): void {
    this.window.beginGeneration(initSegment);
  }

  segmentBegan({
    programDateTimeMs,
    isDiscontinuous,
  }: Parameters<WindowFollower['segmentBegan']>[0]): void {
    this.window.beginSegment({ programDateTimeMs, isDiscontinuous });
  }

  partAppended(part: Part): void {
    this.window.appendPart(part);
  }

  segmentCompleted(
    ...[duration, { timing, description }]: Parameters<WindowFollower['segmentCompleted']>
  ): void {
    this.window.completeSegment(duration, timing, () => description);
  }

  gapCompleted(duration: number): void {
    this.window.completeGap(duration);
  }

  interrupted(): void {
    this.window.interrupt();
  }

  ended(): void {
    this.window.end();
  }

  released(): void {}
}

test('follow() lets a replica have the same playlists, segments, parts and init segments at every step', () => {
  fc.assert(
    fc.property(
      fc.array(windowStep, { maxLength: MAX_STEPS, size: 'max' }),
      fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: MAX_STEPS })),
      fc.option(fc.nat({ max: MAX_STEPS }), { nil: undefined }),
      fc.record({ isLowLatency: fc.boolean(), hasInitSegments: fc.boolean() }),
      (steps, followedAt, endedAt, options) => {
        const script = new WindowScript(options);
        const replica = new Replica(script.window);
        let isFollowed = false;
        for (let i = 0; i <= MAX_STEPS; i++) {
          if (i === followedAt) {
            script.window.follow(replica);
            isFollowed = true;
          }
          const next = i === endedAt ? { kind: 'end' as const } : steps[i];
          if (isFollowed) assert.deepEqual(contentsOf(replica.window), contentsOf(script.window));
          if (next) script.run(next);
          else if (isFollowed) break;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('follow() tells no more once its return value was called, or the window was released', () => {
  const script = new WindowScript({ isLowLatency: true, hasInitSegments: true });
  const told: string[] = [];
  const follower = (name: string): WindowFollower => ({
    start: () => told.push(`${name} start`),
    generationBegan: () => told.push(`${name} generation`),
    segmentBegan: () => {},
    partAppended: () => {},
    segmentCompleted: () => {},
    gapCompleted: () => {},
    interrupted: () => {},
    ended: () => told.push(`${name} ended`),
    released: () => told.push(`${name} released`),
  });
  const stop = script.window.follow(follower('a'));
  script.window.follow(follower('b'));
  stop();
  script.run({ kind: 'generation' });
  script.run({ kind: 'end' });
  script.window.release();
  script.window.release();
  assert.deepEqual(told, ['a start', 'b start', 'b generation', 'b ended', 'b released']);
});
