import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import type { MediaExtension } from './part-container.ts';
import { type PlaylistForm, PlaylistView, type RenderedPlaylist } from './playlist-view.ts';
import type { RenditionDescription } from './rendition.ts';
import { type Part, Segment } from './segment.ts';
import { type Waiter, type WaitOutcome, WindowWaiters } from './window-waiters.ts';

/**
 * Listed length in target durations. Six are the skip boundary, without which no delta update is possible
 * (RFC 8216bis 4.4.3.8, CAN-SKIP-UNTIL); the seventh is what can be skipped.
 */
const LISTED_TARGET_DURATIONS = 7;

/** A segment that left the playlist can still be fetched for this long by whoever read the playlist just before. */
const LINGER_TARGET_DURATIONS = 1;

/** RFC 8216bis 6.2.5.2: a blocked request is given up after three target durations. */
const BLOCKING_TARGET_DURATIONS = 3;

/** How long a request for a window that has no target duration yet may wait. */
const STARTING_TIMEOUT_MS = 12_000;

/**
 * Not 0: hls.js (1.7.4, `FragmentTracker.detectEvictedFragments`) takes number 0 for no number, forgets the parts of that
 * segment as it appends them, and loads them over and over instead of the next ones until the segment after it is complete.
 */
const FIRST_MSN = 1;

/** Fixed when the first segment is complete. */
export interface WindowTiming {
  readonly targetDurationSeconds: number;
  readonly partTargetTicks: Ticks;
}

/** A segment has just completed, or turned out to be a gap. It must not throw. */
export type OnSegment = (window: LiveWindow, segment: Segment) => void;

/**
 * The newest parts and segments of one rendition: the packager appends, viewers and the recorder read finished things.
 * Segments are numbered without a gap for the life of the window.
 */
export class LiveWindow {
  readonly isLowLatency: boolean;
  readonly mediaExtension: MediaExtension;
  /** False: it is sound alone. */
  readonly hasPicture: boolean;
  readonly #siblings: () => readonly LiveWindow[];
  readonly #onSegment: OnSegment;
  readonly #waiters: WindowWaiters;
  readonly #view: PlaylistView;
  /** Past, listed and open segments, oldest first. */
  #segments: Segment[] = [];
  #firstListedMsn: number;
  #nextMsn: number;
  #discontinuitySequence = 0;
  #elapsedTicks: Ticks = 0;
  /** By generation, where the format has any; those that no kept segment needs are forgotten. */
  readonly #initSegments = new Map<number, Uint8Array>();
  #initGeneration = -1;
  #timing: WindowTiming | undefined;
  #description: RenditionDescription | undefined;
  #isEnded = false;

  constructor(options: {
    readonly isLowLatency: boolean;
    readonly mediaExtension: MediaExtension;
    /** By default true. */
    readonly hasPicture?: boolean;
    readonly clock: Clock;
    /** The windows of the other renditions, and perhaps this one. */
    readonly siblings?: () => readonly LiveWindow[];
    /** Of its first segment, where other renditions have begun before. */
    readonly firstMsn?: number;
    readonly onSegment?: OnSegment | undefined;
  }) {
    this.isLowLatency = options.isLowLatency;
    this.mediaExtension = options.mediaExtension;
    this.hasPicture = options.hasPicture ?? true;
    this.#siblings = options.siblings ?? (() => []);
    this.#onSegment = options.onSegment ?? (() => {});
    this.#firstListedMsn = this.#nextMsn = options.firstMsn ?? FIRST_MSN;
    this.#waiters = new WindowWaiters(options.clock);
    this.#view = new PlaylistView(options.isLowLatency);
  }

  // --- what the packager does

  /** The segments opened from now on are of another encoding, with this init segment where their format has one. */
  beginGeneration(initSegment: Uint8Array | undefined): void {
    this.#initGeneration++;
    if (initSegment) this.#initSegments.set(this.#initGeneration, initSegment);
  }

  beginSegment(options: {
    readonly programDateTimeMs: number;
    readonly isDiscontinuous: boolean;
  }): Segment {
    assert(!this.#isEnded && !this.openSegment, 'one open segment at a time, none after the end');
    const segment = new Segment({
      ...options,
      msn: this.#nextMsn,
      initGeneration: this.#initGeneration,
    });
    this.#segments.push(segment);
    return segment;
  }

  appendPart(part: Part): void {
    const open = this.openSegment;
    assert(open?.parts.length === part.index, `part ${part.index} is not the next of its segment`);
    open.append(part);
    this.#changed();
  }

  /** The first one to complete makes the window playable, with `timing` for good. */
  completeSegment(
    durationTicks: Ticks,
    timing: WindowTiming,
    describe: (
      listed: readonly Segment[],
      previous: RenditionDescription | undefined,
    ) => RenditionDescription,
  ): void {
    const open = this.openSegment;
    assert(open !== undefined, 'a segment is open');
    open.complete(durationTicks);
    this.#nextMsn++;
    this.#timing ??= timing;
    this.#evict();
    this.#description = describe(this.listedSegments, this.#description);
    this.#changed();
    this.#onSegment(this, open);
  }

  /**
   * The open segment lacks frames that will never come. It keeps its number, and is not to be fetched. Before the window is
   * playable nobody knows of it.
   */
  completeGap(durationTicks: Ticks): void {
    const open = this.openSegment;
    assert(open !== undefined, 'a segment is open');
    open.complete(durationTicks, { isGap: true });
    this.#nextMsn++;
    if (this.#timing) this.#evict();
    else {
      this.#segments = [];
      this.#firstListedMsn = this.#nextMsn;
      this.#elapsedTicks += durationTicks;
    }
    this.#changed();
    this.#onSegment(this, open);
  }

  /** No more segments: playlists say ENDLIST. An open segment has been completed or is dropped. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const open = this.openSegment;
    if (open) {
      open.abort();
      this.#segments.pop();
    }
    this.#changed();
  }

  /** Nobody asks for it any more: the memory of its parts is used again. */
  release(): void {
    for (const segment of this.#segments) segment.release();
    this.#segments = [];
  }

  // --- what viewers see

  get isPlayable(): boolean {
    return this.#timing !== undefined;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get name(): string {
    return this.describe().name;
  }

  get targetDurationSeconds(): number {
    return this.#playableTiming.targetDurationSeconds;
  }

  get partTargetSeconds(): number {
    return this.#playableTiming.partTargetTicks / VIDEO_TIMESCALE;
  }

  get nextMsn(): number {
    return this.#nextMsn;
  }

  get nextPart(): number {
    return this.openSegment?.parts.length ?? 0;
  }

  get firstListedMsn(): number {
    return this.#firstListedMsn;
  }

  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  /** Complete segments of the playlist, oldest first. */
  get listedSegments(): readonly Segment[] {
    return this.#segments.filter((s) => s.isComplete && s.msn >= this.#firstListedMsn);
  }

  /** The one that grows; none between two segments. */
  get openSegment(): Segment | undefined {
    const last = this.#segments.at(-1);
    return last?.isComplete ? undefined : last;
  }

  /** Length of everything that has left the playlist. */
  get elapsedTicks(): Ticks {
    return this.#elapsedTicks;
  }

  /** Those of other renditions that can be played. */
  get siblings(): readonly LiveWindow[] {
    return this.#siblings().filter((window) => window !== this && window.isPlayable);
  }

  /** What a multivariant playlist says of it. Throws before the window is playable. */
  describe(): RenditionDescription {
    assert(this.#description !== undefined, 'the window is playable');
    return this.#description;
  }

  /** By the generation in its URI. */
  initSegment(generation: number): Uint8Array | undefined {
    return this.#initSegments.get(generation);
  }

  /** A listed one, the open one, or one that left the playlist a moment ago. */
  segment(msn: number): Segment | undefined {
    const first = this.#segments[0];
    return first === undefined ? undefined : this.#segments[msn - first.msn];
  }

  part(msn: number, index: number): Part | undefined {
    return this.segment(msn)?.parts[index];
  }

  /** Throws before the window is playable. `skip` asks for a delta update; where nothing can be skipped it is the whole. */
  mediaPlaylist(form: PlaylistForm): RenderedPlaylist {
    return this.#view.render(this, form);
  }

  /** For a playlist that has this segment (no part given: complete) or part, or anything later. */
  waitForPlaylist(msn: number, part: number | undefined): Waiter {
    return this.#wait(`playlist ${msn}.${part ?? ''}`, () => {
      if (this.#isEnded) return 'available';
      if (!this.isPlayable) return undefined;
      if (this.#nextMsn > msn) {
        // "If the client requests a part index greater than the final part of the segment, the server MUST treat it as a
        // request for Part Index 0 of the following segment" (RFC 8216bis 6.2.5.2).
        const isPastEnd = part !== undefined && part >= (this.segment(msn)?.parts.length ?? 0);
        const isAwaited = isPastEnd && this.#nextMsn === msn + 1 && this.nextPart === 0;
        return isAwaited ? undefined : 'available';
      }
      if (part === undefined || this.#nextMsn < msn) return undefined;
      return this.nextPart > part ? 'available' : undefined;
    });
  }

  /** For the bytes of one part; unavailable once its segment ended without it. */
  waitForPart(msn: number, index: number): Waiter {
    return this.#wait(`part ${msn}.${index}`, () => {
      if (this.part(msn, index)) return 'available';
      return this.#isEnded || this.#nextMsn > msn ? 'unavailable' : undefined;
    });
  }

  /** For a segment to begin. */
  waitForSegment(msn: number): Waiter {
    return this.#wait(`segment ${msn}`, () => {
      if (this.segment(msn)?.parts.length) return 'available';
      return this.#isEnded || this.#nextMsn > msn ? 'unavailable' : undefined;
    });
  }

  get #playableTiming(): WindowTiming {
    assert(this.#timing !== undefined, 'the window is playable');
    return this.#timing;
  }

  #wait(what: string, check: () => WaitOutcome | undefined): Waiter {
    const timeoutMs = this.#timing
      ? this.#timing.targetDurationSeconds * BLOCKING_TARGET_DURATIONS * 1000
      : STARTING_TIMEOUT_MS;
    return this.#waiters.wait(what, check, timeoutMs);
  }

  #changed(): void {
    this.#view.invalidate();
    this.#waiters.wake();
  }

  #evict(): void {
    const targetTicks = this.#playableTiming.targetDurationSeconds * VIDEO_TIMESCALE;
    const listed = this.listedSegments;
    let listedTicks = listed.reduce((sum, segment) => sum + segment.durationTicks, 0);
    for (const oldest of listed) {
      if (listedTicks - oldest.durationTicks < targetTicks * LISTED_TARGET_DURATIONS) break;
      listedTicks -= oldest.durationTicks;
      this.#elapsedTicks += oldest.durationTicks;
      this.#firstListedMsn = oldest.msn + 1;
      if (oldest.isDiscontinuous) this.#discontinuitySequence++;
    }
    const past = this.#segments.filter((segment) => segment.msn < this.#firstListedMsn);
    let pastTicks = past.reduce((sum, segment) => sum + segment.durationTicks, 0);
    for (const oldest of past) {
      if (pastTicks - oldest.durationTicks < targetTicks * LINGER_TARGET_DURATIONS) break;
      pastTicks -= oldest.durationTicks;
      this.#segments.shift()?.release();
    }
    const oldestGeneration = this.#segments[0]?.initGeneration ?? this.#initGeneration;
    for (const generation of this.#initSegments.keys()) {
      if (generation < oldestGeneration) this.#initSegments.delete(generation);
    }
  }
}
