import { rescale, type Ticks } from '../lib/timescale.ts';
import { type AudioTrack, VIDEO_TICKS_PER_MS } from '../media/frame.ts';

/**
 * How far an audio timestamp may be from where counting samples puts it: two AAC frames. RTMP's milliseconds
 * round by half of one, and encoders that stamp capture time jitter by a frame.
 */
const AUDIO_TOLERANCE_MS = 40;
/**
 * Encoders that stamp whole buffers of the sound card give several frames one time: the last of 8192 samples at 44.1 kHz is 160 ms
 * behind what it is. Beyond this, the clock was set back.
 */
const MAX_AUDIO_LATENESS_MS = 250;
/** When no frame was in its place for so long, there is more sound than time: as much as the least late one was late. */
const MAX_LATE_AUDIO_MS = 1_000;
/** A step back of video up to here is jitter; beyond, the encoder's clock was set back. */
const MAX_BACKWARD_STEP_MS = 1_000;
/** A step forward up to here is a pause; beyond, the encoder's clock was set forward. */
const MAX_FORWARD_GAP_MS = 10_000;

/** Data may be stamped so far from the newest frame. */
const MAX_DATA_SKEW_MS = 2_000;

/** What follows a discontinuity comes a frame of 30 fps after what was before it. */
const RESUME_AFTER_MS = 33;

/** Unrolls RTMP's 32-bit milliseconds: whatever is within 2^31 of the last timestamp is taken to be near it. */
export class TimestampUnroller {
  #lastMs: number | undefined;

  unroll(timestampMs: number): number {
    this.#lastMs = this.near(timestampMs);
    return this.#lastMs;
  }

  /** As `unroll`, of a timestamp that those to come are not measured by. */
  near(timestampMs: number): number {
    if (this.#lastMs === undefined) return timestampMs;
    return this.#lastMs + ((timestampMs - this.#lastMs) | 0);
  }
}

/**
 * From the encoder's milliseconds to ticks that can be trusted: per track strictly increasing, both tracks on
 * one zero. The keyframe given to the first `start` is at `startMs`; after a jump, `start` goes on where the
 * timeline was.
 */
export class Timeline {
  /** What to take from the encoder's time; none before the first keyframe. */
  #offsetMs: number | undefined;
  #newestMs: number;
  #lastVideoTicks: Ticks;
  #nextAudioTicks: Ticks | undefined;
  /** Of the newest frame that was stamped as it was counted, or from where late ones are watched anew. */
  #punctualAudioTicks: Ticks = 0;
  /** Since then. */
  #leastLateTicks: Ticks = Number.POSITIVE_INFINITY;
  #surplusAudioFrames = 0;
  /** Audio before this is not handed over. */
  #audioFloorMs = 0;

  constructor(startMs = 0) {
    this.#newestMs = startMs;
    this.#lastVideoTicks = (startMs - 1) * VIDEO_TICKS_PER_MS;
  }

  /** Of what was handed over, in milliseconds of the timeline. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** Makes a keyframe at `encoderMs` the beginning, or the point to go on at. */
  start(encoderMs: number): void {
    const isFirst = this.#offsetMs === undefined;
    const resumeMs = isFirst ? this.#newestMs : this.#newestMs + RESUME_AFTER_MS;
    this.#offsetMs = encoderMs - resumeMs;
    this.#newestMs = resumeMs;
    this.#audioFloorMs = resumeMs;
    this.#nextAudioTicks = undefined;
  }

  /** Audio goes on in another track's ticks, not before the end of `previous`. */
  restartAudio(previous: AudioTrack | undefined): void {
    if (previous !== undefined && this.#nextAudioTicks !== undefined) {
      this.#audioFloorMs = Math.ceil((this.#nextAudioTicks * 1000) / previous.timescale);
    }
    this.#nextAudioTicks = undefined;
  }

  /** Whether video at `encoderMs` can't belong to the timeline as it is. */
  isJump(encoderMs: number): boolean {
    if (this.#offsetMs === undefined) return false;
    const timeMs = encoderMs - this.#offsetMs;
    return (
      timeMs > this.#newestMs + MAX_FORWARD_GAP_MS ||
      timeMs < this.#lastVideoTicks / VIDEO_TICKS_PER_MS - MAX_BACKWARD_STEP_MS
    );
  }

  /** The video frame's decoding time. A small step back becomes one millisecond forward. */
  videoTicks(encoderMs: number): Ticks {
    const timeMs = encoderMs - (this.#offsetMs ?? encoderMs);
    const ticks = Math.max(timeMs * VIDEO_TICKS_PER_MS, this.#lastVideoTicks + VIDEO_TICKS_PER_MS);
    this.#lastVideoTicks = ticks;
    this.#newestMs = Math.max(this.#newestMs, ticks / VIDEO_TICKS_PER_MS);
    return ticks;
  }

  /** When data at `encoderMs` are for, 90 kHz: now, where the stream has been or will be at another time for long. */
  dataTicks(encoderMs: number): Ticks | undefined {
    if (this.#offsetMs === undefined) return undefined;
    const timeMs = encoderMs - this.#offsetMs;
    const isNear = Math.abs(timeMs - this.#newestMs) <= MAX_DATA_SKEW_MS;
    return (isNear ? timeMs : this.#newestMs) * VIDEO_TICKS_PER_MS;
  }

  /**
   * The audio frame's time, or nothing where it must be dropped: it lies before the keyframe that began, far
   * behind what was sent, or so far ahead that the encoder's clock must have been set. Video says whether it was.
   */
  audioTicks(encoderMs: number, { timescale, samplesPerFrame }: AudioTrack): Ticks | undefined {
    if (this.#offsetMs === undefined) return undefined;
    const timeMs = encoderMs - this.#offsetMs;
    if (timeMs > this.#newestMs + MAX_FORWARD_GAP_MS) return undefined;
    if (this.#nextAudioTicks === undefined && timeMs < this.#audioFloorMs) return undefined;
    const stampedTicks = rescale(timeMs, 1000, timescale);
    const countedTicks = this.#nextAudioTicks ?? stampedTicks;
    const toleranceTicks = rescale(AUDIO_TOLERANCE_MS, 1000, timescale);
    const lateTicks = countedTicks - stampedTicks;
    const ticks = lateTicks < -toleranceTicks ? stampedTicks : countedTicks;
    if (lateTicks <= toleranceTicks) this.#watchAudioFrom(ticks);
    else if (this.#isSurplus(lateTicks, countedTicks, timescale, samplesPerFrame)) return undefined;
    this.#nextAudioTicks = ticks + samplesPerFrame;
    this.#newestMs = Math.max(this.#newestMs, rescale(ticks, timescale, 1000));
    return ticks;
  }

  #watchAudioFrom(ticks: Ticks): void {
    this.#punctualAudioTicks = ticks;
    this.#leastLateTicks = Number.POSITIVE_INFINITY;
    this.#surplusAudioFrames = 0;
  }

  /** Whether a late frame must go: its time was set back, or there has been too much sound for a while. */
  #isSurplus(
    lateTicks: Ticks,
    countedTicks: Ticks,
    timescale: number,
    samplesPerFrame: number,
  ): boolean {
    if (lateTicks > rescale(MAX_AUDIO_LATENESS_MS, 1000, timescale)) return true;
    this.#leastLateTicks = Math.min(this.#leastLateTicks, lateTicks);
    if (countedTicks - this.#punctualAudioTicks > rescale(MAX_LATE_AUDIO_MS, 1000, timescale)) {
      const surplus = Math.floor(this.#leastLateTicks / samplesPerFrame);
      this.#watchAudioFrom(countedTicks);
      this.#surplusAudioFrames = surplus;
    }
    if (this.#surplusAudioFrames === 0) return false;
    this.#surplusAudioFrames--;
    return true;
  }
}
