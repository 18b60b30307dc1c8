import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TICKS_PER_MS, VIDEO_TIMESCALE } from '../media/frame.ts';
import { FramePacing } from './frame-pacing.ts';

const seconds = (count: number): Ticks => Math.round(count * VIDEO_TIMESCALE);

/** Parts are as many whole frames as come nearest to this. */
const NOMINAL_PART_TICKS = seconds(0.2);

/** One step from frame to frame is a pace up to here, two frames a second; a longer one may be a pause. */
const LONGEST_FIRST_STEP_TICKS = seconds(0.5);

/** Keyframes closer together than this share a segment: an all-intra encoder doesn't get a segment a frame. */
const MIN_SEGMENT_TICKS = seconds(0.9);

/**
 * A segment without a second keyframe ends here, so that memory is bounded and a target duration can be stated. One that comes after
 * ten seconds, as with x264's default of 250 pictures at 25 a second, still ends it.
 */
const MAX_SEGMENT_SECONDS = 10;

/**
 * "EXTINF duration of each Media Segment, when rounded to the nearest integer, MUST be less than or equal to the
 * target duration" (RFC 8216bis 4.4.3.1).
 */
const ROUNDING_SLACK_TICKS = seconds(0.49);

/** No target duration below this: encoders with two-second keyframes now and then take four. */
const MIN_TARGET_DURATION_SECONDS = 4;

/** Encoders interleave audio ahead of the video it belongs to by up to this; only beyond it does audio end a part. */
export const MAX_AUDIO_LEAD_TICKS = seconds(1);

/** What a segmenter decides. It knows times only; the packager behind it has the bytes. */
export interface SegmenterDecisions {
  /** The open part ends at `endTicks`; the newest video sample lasts until there. Next part starts there. */
  endPart(startTicks: Ticks, endTicks: Ticks): void;
  /** The open segment ends where its last part did. */
  endSegment(startTicks: Ticks, endTicks: Ticks): void;
}

/**
 * Decides where parts and segments end, in 90 kHz ticks of the video track.
 *
 * A part is published the moment its last frame is there. That frame's duration is not known until the next one comes,
 * so the segmenter says it (from the pace of the track) and starts the next sample exactly there: decoding times are
 * contiguous for ever, presentation times stay the encoder's own. Where a guess was off, by a dropped frame or a
 * variable rate, the difference is in the next sample's duration and nowhere else. Contiguity is not cosmetic: Media
 * Source Extensions drop frames up to the next keyframe when decoding times jump by more than twice the last frame's
 * duration (W3C MSE, coded frame processing, step 1.6).
 */
export class Segmenter {
  readonly #decisions: SegmenterDecisions;
  readonly pacing = new FramePacing();
  #longestPartTicks: Ticks = 0;
  #partTargetTicks: Ticks | undefined;
  #targetDurationSeconds: number | undefined;
  #segmentStart: Ticks | undefined;
  #partStart: Ticks = 0;
  /** Start of the newest video sample while its end is open. */
  #pendingStart: Ticks | undefined;
  /** Where the last closed video sample ended, and so where the next one starts. */
  #videoEnd: Ticks = 0;

  constructor(decisions: SegmenterDecisions) {
    this.#decisions = decisions;
  }

  /** Known, and constant, once the first segment ended. No part is longer. */
  get partTargetTicks(): Ticks | undefined {
    return this.#partTargetTicks;
  }

  /** Where the newest part ended. */
  get endTicks(): Ticks {
    return this.#partStart;
  }

  /**
   * No picture before this decoding time ends the open part or its segment, unless it is a keyframe or the pace changes with it. No sound
   * does until `MAX_AUDIO_LEAD_TICKS` later. `undefined`: any frame may.
   */
  get nextEndTicks(): Ticks | undefined {
    const { periodTicks, isSteady } = this.pacing;
    if (this.#partTargetTicks === undefined || !periodTicks || !isSteady) return undefined;
    if (this.#isSegmentDue(this.#partStart, false)) return this.#partStart;
    // After the last picture that `afterVideo` lets the part go on.
    const longest = this.#longestPart(this.#partTargetTicks, periodTicks);
    return Math.floor(this.#partStart + longest - 2 * periodTicks);
  }

  /** Known, and constant, once the first segment ended. No segment is longer, rounded. */
  get targetDurationSeconds(): number | undefined {
    return this.#targetDurationSeconds;
  }

  /**
   * Takes the next video frame into account. Returns the decoding time its sample gets; ends parts and the segment
   * before it where it is due. Call `afterVideo` once the sample is stored.
   */
  video(dtsTicks: Ticks, isKeyframe: boolean): Ticks {
    this.pacing.observe(dtsTicks);
    if (this.#segmentStart === undefined) {
      this.#segmentStart = this.#partStart = this.#videoEnd = dtsTicks;
    }
    let start =
      this.#pendingStart === undefined
        ? this.#videoEnd
        : Math.max(dtsTicks, this.#pendingStart + 1);
    if (this.#pendingStart !== undefined && !this.#fits(start)) {
      // Later than was foretold: the part ends here, or at its limit, and this frame begins the next.
      this.#endPart(Math.min(start, this.#partStart + this.#partLimitTicks));
      start = this.#videoEnd;
    }
    const at = Math.max(start, this.#partStart);
    if (this.#isSegmentDue(at, isKeyframe)) {
      if (this.#pendingStart !== undefined) this.#endPart(at);
      this.#endSegment(at);
    }
    this.#pendingStart = start;
    return start;
  }

  /** Ends the part if the frame just stored is its last. */
  afterVideo(): void {
    const next = this.pacing.nextDtsTicks;
    if (next === undefined || this.#pendingStart === undefined || this.#fits(next)) return;
    const end = Math.max(next, this.#pendingStart + 1);
    this.#endPart(Math.min(end, this.#partStart + this.#partLimitTicks));
  }

  /** Takes the time of an audio frame into account: when video pauses, sound still ends parts. */
  audio(dtsTicks: Ticks): void {
    if (this.#segmentStart === undefined) return;
    const limit = this.#partLimitTicks;
    while (dtsTicks - this.#partStart > limit + MAX_AUDIO_LEAD_TICKS) {
      // The last part may have been ended by a picture, after which the next one would have ended the segment.
      if (this.#isSegmentDue(this.#partStart, false)) this.#endSegment(this.#partStart);
      this.#endPart(this.#partStart + limit);
    }
  }

  /** Ends the open part and segment: the timeline breaks here, or the stream is over. */
  flush(): void {
    if (this.#segmentStart === undefined) return;
    if (this.#pendingStart !== undefined) {
      const end = this.#pendingStart + Math.round(this.pacing.periodTicks ?? VIDEO_TICKS_PER_MS);
      const limit = Math.max(this.#partStart + this.#partLimitTicks, this.#pendingStart + 1);
      this.#endPart(Math.min(Math.max(end, this.#partStart + 1), limit));
    }
    if (this.#partStart > this.#segmentStart) this.#endSegment(this.#partStart);
    this.#segmentStart = undefined;
    this.pacing.reset();
  }

  /**
   * The longest that the open part may become. Until the first segment ended, and with it the first playlist can be
   * asked for, the pace is an estimate: one millisecond of slack keeps its error from splitting a part.
   */
  get #partLimitTicks(): Ticks {
    if (this.#partTargetTicks !== undefined) return this.#partTargetTicks;
    const period = this.pacing.periodTicks;
    if (period === undefined) return NOMINAL_PART_TICKS;
    // The longest part of the first segment is the target of all: a pause after the first frame must not become it.
    if (!this.pacing.isKnown && period > LONGEST_FIRST_STEP_TICKS) return NOMINAL_PART_TICKS;
    return ceilToMs(framesPerPart(period) * period) + VIDEO_TICKS_PER_MS;
  }

  /** A quarter of a frame forgives rounding. */
  #longestPart(limitTicks: Ticks, periodTicks: number): number {
    return limitTicks + periodTicks / 4;
  }

  /** Whether a whole frame from `start` on fits into the open part. */
  #fits(start: Ticks): boolean {
    const period = this.pacing.periodTicks ?? VIDEO_TICKS_PER_MS;
    return start + period - this.#partStart <= this.#longestPart(this.#partLimitTicks, period);
  }

  #isSegmentDue(at: Ticks, isKeyframe: boolean): boolean {
    if (isKeyframe) return at - (this.#segmentStart ?? at) >= MIN_SEGMENT_TICKS;
    // Without a keyframe it ends between two parts.
    return this.#pendingStart === undefined && this.#isSegmentFull(at);
  }

  /** Another whole part from `at` on might be too much. */
  #isSegmentFull(at: Ticks): boolean {
    const limit =
      seconds(this.#targetDurationSeconds ?? MAX_SEGMENT_SECONDS) + ROUNDING_SLACK_TICKS;
    return at - (this.#segmentStart ?? at) + this.#partLimitTicks > limit;
  }

  #endPart(end: Ticks): void {
    const start = this.#partStart;
    if (this.#partTargetTicks === undefined) {
      this.#longestPartTicks = Math.max(this.#longestPartTicks, end - start);
    }
    if (this.#pendingStart !== undefined) this.#videoEnd = end;
    this.#pendingStart = undefined;
    this.#partStart = end;
    this.#decisions.endPart(start, end);
  }

  #endSegment(end: Ticks): void {
    const start = this.#segmentStart ?? end;
    if (this.#targetDurationSeconds === undefined) {
      const rounded = Math.round((end - start) / VIDEO_TIMESCALE);
      this.#targetDurationSeconds = Math.max(MIN_TARGET_DURATION_SECONDS, rounded);
      const fps = this.pacing.framesPerSecond;
      const period = fps > 0 ? VIDEO_TIMESCALE / fps : NOMINAL_PART_TICKS;
      const whole = ceilToMs(framesPerPart(period) * period);
      this.#partTargetTicks = Math.max(whole, this.#longestPartTicks);
    }
    this.#segmentStart = end;
    this.#partStart = end;
    this.#decisions.endSegment(start, end);
  }
}

/** Whole frames nearest to the nominal length. */
function framesPerPart(periodTicks: number): number {
  return Math.max(1, Math.round(NOMINAL_PART_TICKS / periodTicks));
}

/** Up to the grid that timestamps are rounded to; a hundredth of a millisecond is arithmetic, not time. */
function ceilToMs(ticks: number): Ticks {
  return Math.ceil(ticks / VIDEO_TICKS_PER_MS - 0.01) * VIDEO_TICKS_PER_MS;
}
