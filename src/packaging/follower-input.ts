import type { Ticks } from '../lib/timescale.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import { FollowerTimeline } from './follower-timeline.ts';
import type { SegmentStart } from './segmentation.ts';
import { MAX_AUDIO_LEAD_TICKS } from './segmenter.ts';

export type InputItem =
  | { readonly kind: 'tracks'; readonly tracks: MediaTracks }
  /** Frames are missing here. */
  | { readonly kind: 'break' }
  /** Whoever makes the frames broke off: what is missing of the segment never comes. */
  | { readonly kind: 'interruption' }
  | { readonly kind: 'frame'; readonly frame: Frame };

/** `audioTicks`: of sound, when it is decoded, 90 kHz; what comes behind it may have another timescale. */
type QueuedItem =
  | Exclude<InputItem, { kind: 'frame' }>
  | { readonly kind: 'frame'; readonly frame: Frame; readonly audioTicks: Ticks };
type QueuedFrame = Extract<QueuedItem, { kind: 'frame' }>;

/** What the owner of an input does with its items, in their order. */
export interface InputReader {
  tracks(tracks: MediaTracks): void;
  breaks(): void;
  interrupted(): void;
  /** Its decoding time is on the leader's timeline; `ticks`: the same, 90 kHz. */
  frame(frame: Frame, ticks: Ticks): void;
  /** Of a segment that is complete: it comes too late. */
  leftOut(frame: Frame): void;
}

/** One frame a second, for ten target durations of the longest kind; beyond it nobody leads. */
const MAX_ITEMS = 8192;

/** The frames of a following rendition that belong to no part yet. */
export class FollowerInput {
  readonly #hasPicture: boolean;
  readonly #timeline = new FollowerTimeline();
  #items: QueuedItem[] = [];
  /** The segment's first part is not taken yet. */
  #isOpening = false;

  constructor(options: { readonly hasPicture: boolean }) {
    this.#hasPicture = options.hasPicture;
  }

  push(item: InputItem): void {
    if (this.#items.length >= MAX_ITEMS) this.#drop();
    this.#items.push(this.#queued(item));
    if (item.kind === 'tracks') this.#timeline.setAudioTimescale(item.tracks.audio?.timescale);
    if (item.kind !== 'frame') this.#timeline.break();
    else if (this.#isLeading(item.frame)) this.#timeline.observe(item.frame);
  }

  #queued(item: InputItem): QueuedItem {
    if (item.kind !== 'frame') return item;
    const { kind, frame } = item;
    return { kind, frame, audioTicks: frame.kind === 'audio' ? this.#timeline.ticksOf(frame) : 0 };
  }

  #drop(): void {
    const tracks = this.#items.findLast(({ kind }) => kind === 'tracks');
    this.#items = [{ kind: 'break' }, ...(tracks === undefined ? [] : [tracks])];
  }

  beginSegment(start: SegmentStart): void {
    this.#timeline.beginSegment(start);
    this.#isOpening = true;
  }

  /** A time that differs by no more is the same. */
  get toleranceTicks(): Ticks {
    return this.#timeline.stepTicks / 2;
  }

  /** When it is decoded, on the leader's timeline, 90 kHz. */
  #ticksOf({ frame, audioTicks }: QueuedFrame): Ticks {
    return frame.kind === 'audio' ? audioTicks : this.#timeline.ticksOf(frame);
  }

  /** Whether nothing more comes for the part that ends at `endTicks`. */
  isComplete(endTicks: Ticks): boolean {
    const latest = this.#latestBefore(endTicks);
    let isInterrupted = false;
    let awaitsKeyframe = this.#isOpening && this.#hasPicture && this.#timeline.hasKeyframe;
    for (const item of this.#items) {
      if (item.kind === 'interruption') isInterrupted = true;
      if (item.kind !== 'frame') continue;
      const { frame } = item;
      if (!this.#isLeading(frame)) {
        // Sound that is ahead by more has no picture beside it: as the segmenter has it for the leader.
        const isAlone = this.#ticksOf(item) >= endTicks + MAX_AUDIO_LEAD_TICKS;
        if (isAlone && !awaitsKeyframe) return true;
        continue;
      }
      isInterrupted = false;
      if (this.#timeline.isBeforeSegment(frame)) continue;
      awaitsKeyframe = false;
      if (this.#ticksOf(item) + this.#timeline.stepTicks >= latest) return true;
    }
    return isInterrupted;
  }

  /** Hands over, and forgets, everything that belongs before `endTicks`. */
  takeBefore(endTicks: Ticks, reader: InputReader): void {
    const latest = this.#latestBefore(endTicks);
    const hasKeyframe = this.#isOpening && this.#hasKeyframeOfSegment();
    this.#isOpening = false;
    let later: QueuedItem[] = [];
    let hasLaterPicture = false;
    for (const [index, item] of this.#items.entries()) {
      if (item.kind === 'frame') {
        const { frame } = item;
        const isLeading = this.#isLeading(frame);
        if (hasKeyframe && this.#timeline.isBeforeSegment(frame)) reader.leftOut(frame);
        else if (!(isLeading && hasLaterPicture) && this.#isDue(item, latest, endTicks)) {
          reader.frame(this.#timeline.onLeadersTimeline(frame), this.#ticksOf(item));
        } else {
          later.push(item);
          hasLaterPicture ||= isLeading;
        }
        continue;
      }
      // What follows a break is of the part only if its first frame is.
      const isDue = item.kind === 'interruption' || this.#resumesBefore(latest, index);
      if (hasLaterPicture || !isDue) {
        later.push(...this.#items.slice(index));
        break;
      }
      // The sound that was ahead of the pictures lost them.
      later = [];
      if (item.kind === 'tracks') reader.tracks(item.tracks);
      else if (item.kind === 'break') reader.breaks();
      else reader.interrupted();
    }
    this.#items = later;
  }

  /** Hands over the oldest picture before its time, if it belongs to the segment of the part that ends at `endTicks`. */
  takePictureAhead(endTicks: Ticks, reader: InputReader): void {
    const at = this.#items.findIndex(
      (item) => item.kind !== 'frame' || this.#isLeading(item.frame),
    );
    const item = this.#items[at];
    if (item?.kind !== 'frame' || this.#timeline.mayBeginNext(item.frame, endTicks)) return;
    this.#items.splice(at, 1);
    reader.frame(this.#timeline.onLeadersTimeline(item.frame), this.#ticksOf(item));
  }

  #isDue(item: QueuedFrame, latest: Ticks, endTicks: Ticks): boolean {
    return this.#ticksOf(item) < latest && !this.#timeline.mayBeginNext(item.frame, endTicks);
  }

  /** A quarter of a frame forgives rounding. */
  #latestBefore(endTicks: Ticks): Ticks {
    return endTicks - this.#timeline.stepTicks / 4;
  }

  #hasKeyframeOfSegment(): boolean {
    return this.#items.some(
      (item) => item.kind === 'frame' && this.#timeline.isKeyframeOfSegment(item.frame),
    );
  }

  #resumesBefore(latest: Ticks, index: number): boolean {
    for (let i = index; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (item?.kind === 'frame' && this.#isLeading(item.frame)) {
        return this.#ticksOf(item) < latest;
      }
    }
    return false;
  }

  #isLeading(frame: Frame): boolean {
    return frame.kind === (this.#hasPicture ? 'video' : 'audio');
  }
}
