import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { VIDEO_TIMESCALE } from '../../media/frame.ts';
import { LiveWindow } from '../live-window.ts';
import { Part } from '../segment.ts';

const TIMING = { targetDurationSeconds: 2, partTargetTicks: VIDEO_TIMESCALE / 5 };

export type WindowStep =
  | { readonly kind: 'generation' | 'complete' | 'gap' | 'outage' | 'interruption' | 'end' }
  | { readonly kind: 'part'; readonly durationTicks: number; readonly isDiscontinuous: boolean }
  | { readonly kind: 'segment'; readonly durationTicks: number; readonly isDiscontinuous: boolean };

const durationTicks = fc.integer({ min: 1, max: 3 * VIDEO_TIMESCALE });
const isDiscontinuous = fc.boolean();
const piece = (kind: 'part' | 'segment') =>
  fc.record({ kind: fc.constant(kind), durationTicks, isDiscontinuous });
export const windowStep: fc.Arbitrary<WindowStep> = fc.oneof(
  { weight: 6, arbitrary: piece('part') },
  { weight: 6, arbitrary: piece('segment') },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('complete', 'gap', 'outage', 'interruption') }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('generation') }) },
);

/** Does what a packager does, as far as the window is in a state for it. */
export class WindowScript {
  readonly window: LiveWindow;
  readonly #hasInitSegments: boolean;
  #generations = 0;
  #parts = 0;

  constructor(options: {
    readonly isLowLatency: boolean;
    readonly hasInitSegments: boolean;
    readonly siblings?: () => readonly LiveWindow[];
  }) {
    this.window = new LiveWindow({
      isLowLatency: options.isLowLatency,
      mediaExtension: options.hasInitSegments ? 'm4s' : 'ts',
      clock: new FakeClock(),
      ...(options.siblings && { siblings: options.siblings }),
    });
    this.#hasInitSegments = options.hasInitSegments;
  }

  run(each: WindowStep): void {
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
      case 'interruption':
        window.interrupt();
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
        encodable: { byteLength: bytes.byteLength, encode: () => bytes, release() {} },
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

/** All that a viewer can get of a window; of older segments than `firstMsnWithBytes`, what playlists say of them. */
export function contentsOf(window: LiveWindow, firstMsnWithBytes = 0) {
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
      return (
        segment && {
          ...segment,
          durationTicks: segment.durationTicks,
          parts: segment.parts.map((part) => ({
            index: part.index,
            durationTicks: part.durationTicks,
            isIndependent: part.isIndependent,
            byteLength: part.byteLength,
            text: msn >= firstMsnWithBytes ? Buffer.from(part.bytes()).toString() : undefined,
          })),
        }
      );
    }),
    inits: numbers.map((generation) => {
      const bytes = window.initSegment(generation);
      return bytes && Buffer.from(bytes).toString();
    }),
  };
}
