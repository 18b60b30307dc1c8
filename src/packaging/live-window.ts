import { assert } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import type { MediaExtension } from './part-container.ts';
import {
  holdBackSeconds,
  type PlaylistForm,
  PlaylistView,
  type RenderedPlaylist,
} from './playlist-view.ts';
import type { RenditionDescription } from './rendition.ts';
import type { Part, Segment } from './segment.ts';
import type { WindowTiming } from './segmentation.ts';
import type { WindowFollower, WindowStart } from './window-follower.ts';
import { WindowRequests } from './window-requests.ts';
import { WindowSegments } from './window-segments.ts';
import type { Waiter } from './window-waiters.ts';

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
  readonly #requests: WindowRequests;
  readonly #view: PlaylistView;
  readonly #segments: WindowSegments;
  readonly #followers = new Set<WindowFollower>();
  #timing: WindowTiming | undefined;
  #description: RenditionDescription | undefined;
  #isInterrupted = false;
  #isEnded = false;

  constructor(options: {
    readonly isLowLatency: boolean;
    readonly mediaExtension: MediaExtension;
    /** By default true. */
    readonly hasPicture?: boolean;
    readonly clock: Clock;
    /** The windows of the other renditions, and perhaps this one. */
    readonly siblings?: () => readonly LiveWindow[];
    /** Where other renditions have begun before it, or where it is a replica of a window that has. */
    readonly start?: Partial<WindowStart>;
    readonly onSegment?: OnSegment | undefined;
  }) {
    this.isLowLatency = options.isLowLatency;
    this.mediaExtension = options.mediaExtension;
    this.hasPicture = options.hasPicture ?? true;
    this.#siblings = options.siblings ?? (() => []);
    this.#onSegment = options.onSegment ?? (() => {});
    this.#segments = new WindowSegments(options.start);
    this.#timing = options.start?.playable?.timing;
    this.#description = options.start?.playable?.description;
    this.#requests = new WindowRequests(this, options.clock);
    this.#view = new PlaylistView(options.isLowLatency);
  }

  // --- what the packager does

  /** The segments opened from now on are of another encoding, with this init segment where their format has one. */
  beginGeneration(initSegment: Uint8Array | undefined): void {
    this.#segments.beginGeneration(initSegment);
    for (const follower of this.#followers) follower.generationBegan(initSegment);
  }

  beginSegment(options: {
    readonly programDateTimeMs: number;
    readonly isDiscontinuous: boolean;
  }): Segment {
    assert(!this.#isEnded && !this.openSegment, 'one open segment at a time, none after the end');
    const segment = this.#segments.begin(options);
    for (const follower of this.#followers) follower.segmentBegan(segment);
    return segment;
  }

  appendPart(part: Part): void {
    const open = this.openSegment;
    assert(open?.parts.length === part.index, `part ${part.index} is not the next of its segment`);
    open.append(part);
    this.#isInterrupted = false;
    this.#changed();
    for (const follower of this.#followers) follower.partAppended(part);
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
    const segment = this.#segments.complete(durationTicks, { isGap: false });
    const fixed = (this.#timing ??= timing);
    this.#evict(fixed);
    const description = describe(this.listedSegments, this.#description);
    this.#description = description;
    this.#changed();
    for (const follower of this.#followers) {
      follower.segmentCompleted(durationTicks, { timing: fixed, description });
    }
    this.#onSegment(this, segment);
  }

  /**
   * The open segment lacks frames that will never come. It keeps its number, and is not to be fetched. Before the window is
   * playable nobody knows of it.
   */
  completeGap(durationTicks: Ticks): void {
    const segment = this.#segments.complete(durationTicks, { isGap: true });
    if (this.#timing) this.#evict(this.#timing);
    else this.#segments.skip();
    this.#isInterrupted = true;
    this.#changed();
    for (const follower of this.#followers) follower.gapCompleted(durationTicks);
    this.#onSegment(this, segment);
  }

  /**
   * Nobody knows when its next part comes. Until then playlists don't say what to prefetch: the IVS player (1.56.1) that starts
   * with a segment that turns out to be a gap waits for ever.
   */
  interrupt(): void {
    if (this.#isEnded) return;
    this.#isInterrupted = true;
    this.#changed();
    for (const follower of this.#followers) follower.interrupted();
  }

  /** No more segments: playlists say ENDLIST. An open segment has been completed or is dropped. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isInterrupted = false;
    this.#segments.abortOpen();
    this.#changed();
    this.#requests.windowEnded();
    for (const follower of this.#followers) follower.ended();
  }

  /** Nobody asks for it any more: the memory of its parts is used again. */
  release(): void {
    this.#requests.windowReleased();
    this.#segments.release();
    for (const follower of this.#followers) follower.released();
    this.#followers.clear();
  }

  /** Replays what the window keeps, then tells whatever happens, until the returned function is called. */
  follow(follower: WindowFollower): () => void {
    const timing = this.#timing;
    const description = this.#description;
    this.#segments.replay(follower, timing && description && { timing, description });
    if (this.#isInterrupted) follower.interrupted();
    if (this.#isEnded) follower.ended();
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  // --- what viewers see

  get isPlayable(): boolean {
    return this.#timing !== undefined;
  }

  /** What a window has behind it that begins with the segment after the newest complete one. */
  behindListed(): Partial<WindowStart> {
    return this.#segments.behindListed();
  }

  /** Its newest part is the last one for a while. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whoever waits for what will never come may be told. */
  get isEndDue(): boolean {
    return this.#requests.isEndDue;
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
    return this.#segments.nextMsn;
  }

  /** The oldest segment that a player begins with which keeps to HOLD-BACK. */
  get firstMsnToPlay(): number {
    return this.#timing === undefined
      ? this.#segments.firstListedMsn
      : this.#segments.firstMsnWithin(holdBackSeconds(this) * VIDEO_TIMESCALE);
  }

  get nextPart(): number {
    return this.openSegment?.parts.length ?? 0;
  }

  get firstListedMsn(): number {
    return this.#segments.firstListedMsn;
  }

  get discontinuitySequence(): number {
    return this.#segments.discontinuitySequence;
  }

  /** Complete segments of the playlist, oldest first. */
  get listedSegments(): readonly Segment[] {
    return this.#segments.listed;
  }

  /** The one that grows; none between two segments. */
  get openSegment(): Segment | undefined {
    return this.#segments.open;
  }

  /** Length of everything that has left the playlist. */
  get elapsedTicks(): Ticks {
    return this.#segments.elapsedTicks;
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
    return this.#segments.initSegment(generation);
  }

  /** A listed one, the open one, or one that left the playlist a moment ago. */
  segment(msn: number): Segment | undefined {
    return this.#segments.segment(msn);
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
    return this.#requests.waitForPlaylist(msn, part);
  }

  /** For the bytes of one part; unavailable once its segment ended without it. */
  waitForPart(msn: number, index: number): Waiter {
    return this.#requests.waitForPart(msn, index);
  }

  /** For a segment to begin. */
  waitForSegment(msn: number): Waiter {
    return this.#requests.waitForSegment(msn);
  }

  get #playableTiming(): WindowTiming {
    assert(this.#timing !== undefined, 'the window is playable');
    return this.#timing;
  }

  #changed(): void {
    this.#view.invalidate();
    this.#requests.windowChanged();
  }

  #evict({ targetDurationSeconds }: WindowTiming): void {
    this.#segments.evict(targetDurationSeconds * VIDEO_TIMESCALE);
  }
}
