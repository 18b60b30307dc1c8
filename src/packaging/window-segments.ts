import { assert } from '../lib/assert.ts';
import type { Ticks } from '../lib/timescale.ts';
import { countBefore, Segment } from './segment.ts';
import type { Playable, SegmentsBefore, WindowFollower } from './window-follower.ts';

/**
 * Listed length in target durations. Six are the skip boundary, without which no delta update is possible
 * (RFC 8216bis 4.4.3.8, CAN-SKIP-UNTIL); the seventh is what can be skipped.
 */
const LISTED_TARGET_DURATIONS = 7;

/** A segment that left the playlist can still be fetched for this long by whoever read the playlist just before. */
const LINGER_TARGET_DURATIONS = 1;

/** However short they are: an encoder that begins anew all the time makes segments of a millisecond. */
const MAX_SEGMENTS = 256;

/**
 * Not 0: hls.js (1.7.4, `FragmentTracker.detectEvictedFragments`) takes number 0 for no number, forgets the parts of that
 * segment as it appends them, and loads them over and over instead of the next ones until the segment after it is complete.
 */
const FIRST_MSN = 1;

/** The segments that a window keeps, and the init segments that they need. Numbers have no gap for the life of the window. */
export class WindowSegments {
  /** Past, listed and open segments, oldest first. */
  #segments: Segment[] = [];
  #firstListedMsn: number;
  #nextMsn: number;
  #discontinuitySequence: number;
  #elapsedTicks: Ticks;
  /** By generation, where the format has any; those that no kept segment needs are forgotten. */
  readonly #initSegments = new Map<number, Uint8Array>();
  #initGeneration: number;

  constructor(before: Partial<SegmentsBefore> = {}) {
    this.#firstListedMsn = this.#nextMsn = before.firstMsn ?? FIRST_MSN;
    this.#discontinuitySequence = before.discontinuitySequence ?? 0;
    this.#elapsedTicks = before.elapsedTicks ?? 0;
    this.#initGeneration = (before.firstGeneration ?? 0) - 1;
  }

  get nextMsn(): number {
    return this.#nextMsn;
  }

  get firstListedMsn(): number {
    return this.#firstListedMsn;
  }

  get discontinuitySequence(): number {
    return this.#discontinuitySequence;
  }

  get elapsedTicks(): Ticks {
    return this.#elapsedTicks;
  }

  get listed(): readonly Segment[] {
    return this.#segments.filter((s) => s.isComplete && s.msn >= this.#firstListedMsn);
  }

  /** The listed segment with the moment so long before the end of the newest complete one; the oldest where there is less. */
  firstMsnWithin(ticks: Ticks): number {
    const { listed } = this;
    return listed[countBefore(listed, ticks)]?.msn ?? this.#nextMsn;
  }

  get open(): Segment | undefined {
    const last = this.#segments.at(-1);
    return last?.isComplete ? undefined : last;
  }

  initSegment(generation: number): Uint8Array | undefined {
    return this.#initSegments.get(generation);
  }

  segment(msn: number): Segment | undefined {
    const first = this.#segments[0];
    return first === undefined ? undefined : this.#segments[msn - first.msn];
  }

  beginGeneration(initSegment: Uint8Array | undefined): void {
    this.#initGeneration++;
    if (initSegment) this.#initSegments.set(this.#initGeneration, initSegment);
  }

  begin(options: {
    readonly programDateTimeMs: number;
    readonly isDiscontinuous: boolean;
  }): Segment {
    const segment = new Segment({
      ...options,
      msn: this.#nextMsn,
      initGeneration: this.#initGeneration,
    });
    this.#segments.push(segment);
    return segment;
  }

  complete(durationTicks: Ticks, options: { readonly isGap: boolean }): Segment {
    const { open } = this;
    assert(open !== undefined, 'a segment is open');
    open.complete(durationTicks, options);
    this.#nextMsn++;
    return open;
  }

  /** No playlist will ever list what there is. */
  skip(): void {
    for (const segment of this.#segments) this.#countAsLeft(segment);
    this.release();
    this.#firstListedMsn = this.#nextMsn;
  }

  /** What a window has behind it that begins with the segment after the newest complete one. */
  behindListed(): Omit<SegmentsBefore, 'firstGeneration'> {
    const { listed } = this;
    return {
      firstMsn: this.#nextMsn,
      elapsedTicks: this.#elapsedTicks + totalTicks(listed),
      discontinuitySequence: this.#discontinuitySequence + discontinuities(listed),
    };
  }

  abortOpen(): void {
    const { open } = this;
    if (!open) return;
    open.abort();
    this.#segments.pop();
  }

  release(): void {
    for (const segment of this.#segments) segment.release();
    this.#segments = [];
  }

  /** What is too old to be listed leaves the list, what is too old to be fetched is let go. */
  evict(targetTicks: Ticks): void {
    const { listed } = this;
    let listedTicks = totalTicks(listed);
    for (const [index, oldest] of listed.entries()) {
      const isLongEnough =
        listedTicks - oldest.durationTicks >= targetTicks * LISTED_TARGET_DURATIONS;
      if (!isLongEnough && listed.length - index <= MAX_SEGMENTS) break;
      listedTicks -= oldest.durationTicks;
      this.#countAsLeft(oldest);
      this.#firstListedMsn = oldest.msn + 1;
    }
    const past = this.#past;
    let pastTicks = totalTicks(past);
    for (const [index, oldest] of past.entries()) {
      const isLongEnough =
        pastTicks - oldest.durationTicks >= targetTicks * LINGER_TARGET_DURATIONS;
      if (!isLongEnough && past.length - index <= MAX_SEGMENTS) break;
      pastTicks -= oldest.durationTicks;
      this.#segments.shift()?.release();
    }
    const oldestGeneration = this.#segments[0]?.initGeneration ?? this.#initGeneration;
    for (const generation of this.#initSegments.keys()) {
      if (generation < oldestGeneration) this.#initSegments.delete(generation);
    }
  }

  /**
   * Tells all that is kept, from `start` on. What leaves the list, or is let go, depends on what comes after it alone, so that
   * whoever hears it all ends with the same.
   */
  replay(follower: WindowFollower, playable: Playable | undefined): void {
    const before = this.#before();
    follower.start({ ...before, ...(playable && { playable }) });
    let generation = before.firstGeneration;
    const beginGenerations = (through: number) => {
      for (; generation <= through; generation++) {
        follower.generationBegan(this.#initSegments.get(generation));
      }
    };
    for (const segment of this.#segments) {
      beginGenerations(segment.initGeneration);
      follower.segmentBegan(segment);
      for (const part of segment.parts) follower.partAppended(part);
      if (!segment.isComplete) continue;
      if (segment.isGap || playable === undefined) follower.gapCompleted(segment.durationTicks);
      else follower.segmentCompleted(segment.durationTicks, playable);
    }
    beginGenerations(this.#initGeneration);
  }

  #before(): SegmentsBefore {
    const past = this.#past;
    const [first] = this.#segments;
    const generations = [this.#initGeneration, ...this.#initSegments.keys()];
    if (first) generations.push(first.initGeneration);
    return {
      firstMsn: first?.msn ?? this.#nextMsn,
      elapsedTicks: this.#elapsedTicks - totalTicks(past),
      discontinuitySequence: this.#discontinuitySequence - discontinuities(past),
      firstGeneration: Math.max(0, Math.min(...generations)),
    };
  }

  #countAsLeft(segment: Segment): void {
    this.#elapsedTicks += segment.durationTicks;
    if (segment.isDiscontinuous) this.#discontinuitySequence++;
  }

  /** They left the list, and can still be fetched. */
  get #past(): readonly Segment[] {
    return this.#segments.filter((segment) => segment.msn < this.#firstListedMsn);
  }
}

const totalTicks = (segments: readonly Segment[]): Ticks =>
  segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0);

const discontinuities = (segments: readonly Segment[]): number =>
  segments.filter(({ isDiscontinuous }) => isDiscontinuous).length;
