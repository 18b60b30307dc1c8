import { type Frame, VIDEO_TIMESCALE } from '../media/frame.ts';

export interface QueuedFrame {
  readonly frame: Frame;
  /** Its decoding time. */
  readonly timeMs: number;
}

export interface QueueLimits {
  readonly mediaMs: number;
  readonly byteLength: number;
}

/** What was left out: `resumeMs` is the presentation time of the keyframe that comes next, once one has come. */
export interface Gap {
  readonly frames: number;
  readonly resumeMs: number;
}

/**
 * Frames on their way to a child, in order. When there are too many, the child is too slow: everything up to the newest
 * keyframe is dropped, or, where even the newest group of pictures is too much, everything up to the next one. So it goes on
 * with what is new, and never begins with a picture that needs one that it has not seen.
 */
export class InputQueue {
  readonly #limits: QueueLimits;
  #frames: QueuedFrame[] = [];
  /** Index of the oldest; those before it are gone. */
  #head = 0;
  #byteLength = 0;
  /** Dropping until the next keyframe. */
  #isSkipping = false;
  #dropped = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  /** Returns the gap that is before `frame`, or before the newest keyframe in the queue. */
  push(frame: Frame, timeMs: number): Gap | undefined {
    const startsAnew = this.#isSkipping && isVideoKeyframe(frame);
    if (this.#isSkipping && !startsAnew) {
      this.#dropped++;
      return undefined;
    }
    this.#isSkipping = false;
    this.#frames.push({ frame, timeMs });
    this.#byteLength += frame.payload.byteLength;
    if (startsAnew) return this.#takeGap(frame);
    return this.#isOverLimit(this.#head) ? this.#dropOldest() : undefined;
  }

  shift(): QueuedFrame | undefined {
    const queued = this.#frames[this.#head];
    if (queued === undefined) return undefined;
    this.#head++;
    this.#byteLength -= queued.frame.payload.byteLength;
    if (this.#head === this.#frames.length) this.clear();
    return queued;
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#byteLength = 0;
  }

  #isOverLimit(from: number): boolean {
    const oldest = this.#frames[from];
    const newest = this.#frames.at(-1);
    if (oldest === undefined || newest === undefined) return false;
    return (
      newest.timeMs - oldest.timeMs > this.#limits.mediaMs ||
      this.#byteLength > this.#limits.byteLength
    );
  }

  #dropOldest(): Gap | undefined {
    const keyframeAt = this.#frames.findLastIndex(({ frame }) => isVideoKeyframe(frame));
    const keyframe = this.#frames[keyframeAt]?.frame;
    if (keyframe !== undefined && keyframeAt > this.#head) {
      this.#drop(keyframeAt);
      if (!this.#isOverLimit(this.#head)) return this.#takeGap(keyframe);
    }
    this.#drop(this.#frames.length);
    this.#isSkipping = true;
    return undefined;
  }

  #drop(until: number): void {
    for (const { frame } of this.#frames.slice(this.#head, until)) {
      this.#byteLength -= frame.payload.byteLength;
      this.#dropped++;
    }
    this.#frames = this.#frames.slice(until);
    this.#head = 0;
  }

  #takeGap(keyframe: Frame): Gap {
    const frames = this.#dropped;
    this.#dropped = 0;
    const resumeTicks = keyframe.dtsTicks + keyframe.ctsOffsetTicks;
    return { frames, resumeMs: Math.round((resumeTicks * 1000) / VIDEO_TIMESCALE) };
  }
}

function isVideoKeyframe(frame: Frame): boolean {
  return frame.kind === 'video' && frame.isKeyframe;
}
