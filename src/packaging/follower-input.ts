import { rescale, type Ticks } from '../lib/timescale.ts';
import { type Frame, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { SegmentStart } from './segmentation.ts';

export type InputItem =
  | { readonly kind: 'tracks'; readonly tracks: MediaTracks }
  /** Frames are missing here. */
  | { readonly kind: 'break' }
  /** Whoever makes the frames broke off: what is missing of the segment never comes. */
  | { readonly kind: 'interruption' }
  | { readonly kind: 'frame'; readonly frame: Frame };

/** What the owner of an input does with its items, in their order. */
export interface InputReader {
  tracks(tracks: MediaTracks): void;
  breaks(): void;
  interrupted(): void;
  /** Its decoding time is on the leader's timeline. */
  frame(frame: Frame): void;
}

/** One frame a second, for ten target durations of the longest kind; beyond it nobody leads. */
const MAX_ITEMS = 8192;

/**
 * The frames of a following rendition that belong to no part yet. A transcoded picture is decoded when it is presented;
 * the leader's may be decoded earlier, by as much as its keyframes are. The difference is taken off here.
 */
export class FollowerInput {
  readonly #hasPicture: boolean;
  #items: InputItem[] = [];
  #ctsOffsetTicks: Ticks = 0;
  #audioTimescale = VIDEO_TIMESCALE as number;
  /** From picture to picture, or from sound to sound where there is no picture. */
  #stepTicks: Ticks = 0;
  #newestTicks: Ticks | undefined;

  constructor(options: { readonly hasPicture: boolean }) {
    this.#hasPicture = options.hasPicture;
  }

  push(item: InputItem): void {
    if (this.#items.length >= MAX_ITEMS) this.#drop();
    this.#items.push(item);
    if (item.kind === 'tracks') {
      this.#audioTimescale = item.tracks.audio?.timescale ?? VIDEO_TIMESCALE;
    }
    // The step over a break is not a frame's.
    if (item.kind !== 'frame') this.#newestTicks = undefined;
    if (item.kind !== 'frame' || !this.#isLeading(item.frame)) return;
    const ticks = this.ticksOf(item.frame);
    if (this.#newestTicks !== undefined && ticks > this.#newestTicks) {
      this.#stepTicks = ticks - this.#newestTicks;
    }
    this.#newestTicks = ticks;
  }

  #drop(): void {
    const tracks = this.#items.findLast(({ kind }) => kind === 'tracks');
    this.#items = [{ kind: 'break' }, ...(tracks === undefined ? [] : [tracks])];
  }

  /** From here on the leader's pictures are decoded by so much before they are presented. */
  beginSegment({ ctsOffsetTicks }: SegmentStart): void {
    this.#ctsOffsetTicks = ctsOffsetTicks;
  }

  /** A time that differs by no more is the same. */
  get toleranceTicks(): Ticks {
    return this.#stepTicks / 2;
  }

  /** Whether nothing more comes for the part that ends at `endTicks`. */
  isComplete(endTicks: Ticks): boolean {
    // A quarter of a frame forgives rounding.
    const latest = endTicks - this.#stepTicks / 4;
    let isInterrupted = false;
    for (const item of this.#items) {
      if (item.kind === 'interruption') isInterrupted = true;
      if (item.kind !== 'frame' || !this.#isLeading(item.frame)) continue;
      isInterrupted = false;
      if (this.ticksOf(item.frame) + this.#stepTicks >= latest) return true;
    }
    return isInterrupted;
  }

  /** Hands over, and forgets, everything that belongs before `endTicks`. */
  takeBefore(endTicks: Ticks, reader: InputReader): void {
    const latest = endTicks - this.#stepTicks / 4;
    let later: InputItem[] = [];
    let hasLaterPicture = false;
    for (const [index, item] of this.#items.entries()) {
      if (item.kind === 'frame') {
        if (this.ticksOf(item.frame) < latest) reader.frame(this.#onLeadersTimeline(item.frame));
        else {
          later.push(item);
          hasLaterPicture ||= this.#isLeading(item.frame);
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

  #resumesBefore(latest: Ticks, index: number): boolean {
    for (let i = index; i < this.#items.length; i++) {
      const item = this.#items[i];
      if (item?.kind === 'frame' && this.#isLeading(item.frame)) {
        return this.ticksOf(item.frame) < latest;
      }
    }
    return false;
  }

  #isLeading(frame: Frame): boolean {
    return frame.kind === (this.#hasPicture ? 'video' : 'audio');
  }

  /** When it is decoded, on the leader's timeline, 90 kHz. */
  ticksOf(frame: Frame): Ticks {
    return frame.kind === 'video'
      ? frame.dtsTicks + frame.ctsOffsetTicks - this.#ctsOffsetTicks
      : rescale(frame.dtsTicks, this.#audioTimescale, VIDEO_TIMESCALE);
  }

  #onLeadersTimeline(frame: Frame): Frame {
    if (frame.kind === 'audio') return frame;
    const dtsTicks = this.ticksOf(frame);
    return { ...frame, dtsTicks, ctsOffsetTicks: frame.dtsTicks + frame.ctsOffsetTicks - dtsTicks };
  }
}
