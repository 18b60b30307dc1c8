import { rescale, type Ticks } from '../lib/timescale.ts';
import { type Frame, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { SegmentStart } from './segmentation.ts';

/** A longer step from frame to frame is a picture that stands still, and says nothing of the pace. */
const LONGEST_STEP_TICKS = VIDEO_TIMESCALE / 10;

/** An encoder that chooses how many B pictures it sends has chosen most numbers in so many segments. */
const REORDERING_SEGMENTS = 16;

/**
 * Where a follower's frames are on its leader's timeline. A transcoded picture is decoded when it is presented; the leader's
 * may be decoded earlier, by as much as its keyframes are: with open groups of pictures by another time each. The longest
 * of late is taken off here, so that a follower's pictures before a keyframe are due before it is.
 */
export class FollowerTimeline {
  #audioTimescale = VIDEO_TIMESCALE as number;
  #ctsOffsets: Ticks[] = [];
  #ctsOffsetTicks: Ticks = 0;
  /** The newest two, from picture to picture, or from sound to sound where there is no picture. */
  #steps: readonly [Ticks, Ticks] = [LONGEST_STEP_TICKS, LONGEST_STEP_TICKS];
  #newestTicks: Ticks | undefined;
  #segmentStartTicks: Ticks = 0;
  /** When the keyframe is presented that the segment begins with; `undefined` where it begins without one. */
  #keyframeTicks: Ticks | undefined;

  setAudioTimescale(audioTimescale: number | undefined): void {
    this.#audioTimescale = audioTimescale ?? VIDEO_TIMESCALE;
  }

  /** `frame`: of those that have the pace. */
  observe(frame: Frame): void {
    const ticks = this.#presentedTicks(frame);
    const newest = this.#newestTicks;
    if (newest !== undefined && ticks > newest) this.#steps = [this.#steps[1], ticks - newest];
    this.#newestTicks = ticks;
  }

  /** The step over a break is not a frame's. */
  break(): void {
    this.#newestTicks = undefined;
  }

  beginSegment(start: SegmentStart): void {
    if (start.isDiscontinuous) this.#ctsOffsets = [];
    this.#ctsOffsets.push(start.ctsOffsetTicks);
    if (this.#ctsOffsets.length > REORDERING_SEGMENTS) this.#ctsOffsets.shift();
    this.#ctsOffsetTicks = Math.max(...this.#ctsOffsets);
    this.#segmentStartTicks = start.startTicks;
    this.#keyframeTicks = start.isIndependent ? start.presentedTicks : undefined;
  }

  /** From frame to frame: the shorter of the newest two, since one may be a pause as well as a pace. */
  get stepTicks(): Ticks {
    return Math.min(this.#steps[0], this.#steps[1], LONGEST_STEP_TICKS);
  }

  /**
   * When it is decoded, on the leader's timeline, 90 kHz. The segment's keyframe begins the segment, though after a pause
   * the leader decodes it up to a second before its time.
   */
  ticksOf(frame: Frame): Ticks {
    const presentedTicks = this.#presentedTicks(frame);
    if (frame.kind === 'audio') return presentedTicks;
    return this.isKeyframeOfSegment(frame)
      ? this.#segmentStartTicks
      : presentedTicks - this.#ctsOffsetTicks;
  }

  get hasKeyframe(): boolean {
    return this.#keyframeTicks !== undefined;
  }

  isKeyframeOfSegment(frame: Frame): boolean {
    if (!frame.isKeyframe || frame.kind !== 'video' || this.#keyframeTicks === undefined) {
      return false;
    }
    return Math.abs(this.#presentedTicks(frame) - this.#keyframeTicks) <= this.stepTicks / 2;
  }

  /** Whether it is presented before the keyframe that the segment begins with. */
  isBeforeSegment(frame: Frame): boolean {
    if (frame.kind !== 'video' || this.#keyframeTicks === undefined) return false;
    return this.#presentedTicks(frame) < this.#keyframeTicks - this.stepTicks / 2;
  }

  /**
   * Whether the leader may begin its next segment with this picture where a part ends at `endTicks`. It decodes no keyframe
   * after it is presented; of one that is presented before it knows already.
   */
  mayBeginNext(frame: Frame, endTicks: Ticks): boolean {
    if (!frame.isKeyframe || frame.kind !== 'video' || this.isKeyframeOfSegment(frame))
      return false;
    return this.#presentedTicks(frame) >= endTicks;
  }

  onLeadersTimeline(frame: Frame): Frame {
    if (frame.kind === 'audio') return frame;
    const dtsTicks = this.ticksOf(frame);
    return { ...frame, dtsTicks, ctsOffsetTicks: this.#presentedTicks(frame) - dtsTicks };
  }

  #presentedTicks(frame: Frame): Ticks {
    return frame.kind === 'video'
      ? frame.dtsTicks + frame.ctsOffsetTicks
      : rescale(frame.dtsTicks, this.#audioTimescale, VIDEO_TIMESCALE);
  }
}
