import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { LiveWindow } from './live-window.ts';
import { Part } from './segment.ts';
import type { WindowFollower } from './window-follower.ts';

const TIMING = { targetDurationSeconds: 2, partTargetTicks: VIDEO_TIMESCALE / 5 };

const MAX_STEPS = 60;

type Step =
  | { readonly kind: 'generation' | 'complete' | 'gap' | 'outage' | 'end' }
  | { readonly kind: 'part'; readonly durationTicks: number; readonly isDiscontinuous: boolean }
  | { readonly kind: 'segment'; readonly durationTicks: number; readonly isDiscontinuous: boolean };

const durationTicks = fc.integer({ min: 1, max: 3 * VIDEO_TIMESCALE });
const isDiscontinuous = fc.boolean();
const piece = (kind: 'part' | 'segment') =>
  fc.record({ kind: fc.constant(kind), durationTicks, isDiscontinuous });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: piece('part') },
  { weight: 6, arbitrary: piece('segment') },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('complete', 'gap', 'outage') }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('generation') }) },
);

/** Does what a packager does, as far as the window is in a state for it. */
class Script {
  readonly window: LiveWindow;
  readonly #hasInitSegments: boolean;
  #generations = 0;
  #parts = 0;

  constructor(options: { readonly isLowLatency: boolean; readonly hasInitSegments: boolean }) {
    this.window = new LiveWindow({
      isLowLatency: options.isLowLatency,
      mediaExtension: options.hasInitSegments ? 'm4s' : 'ts',
      clock: new FakeClock(),
    });
    this.#hasInitSegments = options.hasInitSegments;
  }

  run(each: Step): void {
    const { window } = this;
    if (window.isEnded) return;
    switch (each.kind) {
      case 'generation': {
        const name = `<init ${this.#generations++}>`;
        window.beginGeneration(this.#hasInitSegments ? Buffer.from(name) : undefined);
        return;
      }
      case 'part':
        this.#part(each);
        return;
      case 'segment':
        this.#part(each);
        this.#complete();
        return;
      case 'complete':
        if (window.openSegment) this.#complete();
        return;
      case 'gap':
        this.#gap();
        return;
      case 'outage':
        // Until nothing else is kept.
        for (let i = 0; i < 20; i++) this.#gap();
        return;
      case 'end':
        window.end();
    }
  }

  #begin(isDiscontinuous: boolean): void {
    this.window.beginSegment({
      programDateTimeMs: Date.UTC(2026, 0, 1) + this.window.nextMsn * 2_000,
      isDiscontinuous,
    });
  }

  #part(each: { readonly durationTicks: number; readonly isDiscontinuous: boolean }): void {
    if (!this.window.openSegment) this.#begin(each.isDiscontinuous);
    const bytes = Buffer.from(`<part ${this.#parts++}>`);
    this.window.appendPart(
      new Part({
        index: this.window.nextPart,
        durationTicks: each.durationTicks,
        isIndependent: this.#parts % 3 === 0,
        encodable: { byteLength: bytes.byteLength, encode: () => bytes },
        payload: [],
        payloads: new SlabPool(),
      }),
    );
  }

  #gap(): void {
    if (!this.window.openSegment) this.#begin(false);
    this.window.completeGap(VIDEO_TIMESCALE);
  }

  #complete(): void {
    const { window } = this;
    const duration = window.openSegment?.durationTicks ?? 0;
    window.completeSegment(duration, TIMING, (listed) => ({
      name: '720p30',
      codecs: 'avc1.64001F',
      bandwidthBps: listed.reduce((sum, segment) => sum + segment.byteLength, 0),
      averageBandwidthBps: listed.length,
      isSource: true,
      hasIndependentSegments: true,
    }));
  }
}

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

  ended(): void {
    this.window.end();
  }

  released(): void {}
}

/** All that a viewer can get of a window. */
function contentsOf(window: LiveWindow) {
  const numbers = Array.from({ length: window.nextMsn + 2 }, (_, msn) => msn);
  const forms = [false, true].flatMap((skip) =>
    [false, true].map((isBeforeEnd) => ({ skip, isBeforeEnd })),
  );
  return {
    next: [window.nextMsn, window.nextPart, window.isEnded, window.isPlayable],
    before: [window.firstListedMsn, window.elapsedTicks, window.discontinuitySequence],
    description: window.isPlayable ? window.describe() : undefined,
    playlists: window.isPlayable
      ? forms.map((form) => Buffer.from(window.mediaPlaylist(form).bytes).toString())
      : [],
    segments: numbers.map((msn) => {
      const segment = window.segment(msn);
      return segment && { ...segment, durationTicks: segment.durationTicks, parts: segment.parts };
    }),
    inits: numbers.map((generation) => window.initSegment(generation)?.toString()),
  };
}

test('follow() lets a replica have the same playlists, segments, parts and init segments at every step', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: MAX_STEPS, size: 'max' }),
      fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: MAX_STEPS })),
      fc.option(fc.nat({ max: MAX_STEPS }), { nil: undefined }),
      fc.record({ isLowLatency: fc.boolean(), hasInitSegments: fc.boolean() }),
      (steps, followedAt, endedAt, options) => {
        const script = new Script(options);
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
    { numRuns: 500 },
  );
});

test('follow() tells no more once its return value was called, or the window was released', () => {
  const script = new Script({ isLowLatency: true, hasInitSegments: true });
  const told: string[] = [];
  const follower = (name: string): WindowFollower => ({
    start: () => told.push(`${name} start`),
    generationBegan: () => told.push(`${name} generation`),
    segmentBegan: () => {},
    partAppended: () => {},
    segmentCompleted: () => {},
    gapCompleted: () => {},
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
