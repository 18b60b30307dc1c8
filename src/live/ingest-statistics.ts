import { type Frame, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { MeasuredIngest } from './ingest-configuration.ts';
import type { IngestCounts } from './ingest-meter.ts';

/** What has arrived from the encoders of one stream, counted as it comes. */
export class IngestStatistics {
  #videoByteLength = 0;
  #audioByteLength = 0;
  #firstVideoTicks: number | undefined;
  /** Steps from frame to frame. */
  #frameSteps = 0;
  #frames = 0;
  #mediaTicks = 0;
  #previousVideoTicks: number | undefined;
  #keyframeTicks: number | undefined;
  #keyframeIntervalTicks = 0;
  #lastKeyframeIntervalTicks = 0;
  /** Totals where averages begin. */
  #averagedFrom = { videoByteLength: 0, audioByteLength: 0, frameSteps: 0, mediaTicks: 0 };
  #averagesBefore: MeasuredIngest = { framesPerSecond: 0, videoBitrateBps: 0, audioBitrateBps: 0 };
  #lastHeardAtMs: number;
  #lastFrameAtMs: number | undefined;

  /** All times on the same monotonic clock. */
  constructor(startedAtMs: number) {
    this.#lastHeardAtMs = startedAtMs;
  }

  /** When media of any kind last came in, or an encoder was accepted. */
  get lastHeardAtMs(): number {
    return this.#lastHeardAtMs;
  }

  /** When the newest video frame came in. */
  get lastFrameAtMs(): number | undefined {
    return this.#lastFrameAtMs;
  }

  /** Length of the video so far, breaks in the timeline left out. */
  get mediaMs(): number {
    return (this.#mediaTicks * 1000) / VIDEO_TIMESCALE;
  }

  /** A second of media, since `averageAnew`; what they were before it, until there is any. */
  get averages(): MeasuredIngest {
    const from = this.#averagedFrom;
    const seconds = (this.#mediaTicks - from.mediaTicks) / VIDEO_TIMESCALE;
    if (seconds <= 0) return this.#averagesBefore;
    return {
      framesPerSecond: (this.#frameSteps - from.frameSteps) / seconds,
      videoBitrateBps: ((this.#videoByteLength - from.videoByteLength) * 8) / seconds,
      audioBitrateBps: ((this.#audioByteLength - from.audioByteLength) * 8) / seconds,
    };
  }

  /** The longest so far, or what the open one has come to; 0 where nothing was measured. */
  get keyframeIntervalSeconds(): number {
    return this.#keyframeIntervalTicks / VIDEO_TIMESCALE;
  }

  /** From the last but one keyframe to the last one; 0 where there were no two. */
  get lastKeyframeIntervalSeconds(): number {
    return this.#lastKeyframeIntervalTicks / VIDEO_TIMESCALE;
  }

  /** From the first picture on. */
  get counts(): IngestCounts {
    return {
      videoByteLength: this.#videoByteLength,
      audioByteLength: this.#audioByteLength,
      frames: this.#frames,
    };
  }

  connected(atMs: number): void {
    this.#lastHeardAtMs = atMs;
  }

  received(kind: 'video' | 'audio', byteLength: number, atMs: number): void {
    this.#lastHeardAtMs = atMs;
    // What comes before the first picture has no length to be divided by.
    if (this.#firstVideoTicks === undefined) return;
    if (kind === 'video') this.#videoByteLength += byteLength;
    else this.#audioByteLength += byteLength;
  }

  frame(frame: Frame, atMs: number): void {
    if (frame.kind !== 'video') return;
    this.#frames++;
    this.#firstVideoTicks ??= frame.dtsTicks;
    if (this.#previousVideoTicks !== undefined) {
      this.#mediaTicks += Math.max(0, frame.dtsTicks - this.#previousVideoTicks);
      this.#frameSteps++;
    }
    this.#previousVideoTicks = frame.dtsTicks;
    if (this.#keyframeTicks !== undefined) {
      const intervalTicks = frame.dtsTicks - this.#keyframeTicks;
      this.#keyframeIntervalTicks = Math.max(this.#keyframeIntervalTicks, intervalTicks);
      if (frame.isKeyframe) this.#lastKeyframeIntervalTicks = intervalTicks;
    }
    if (frame.isKeyframe) this.#keyframeTicks = frame.dtsTicks;
    this.#lastFrameAtMs = atMs;
  }

  /** For so long nobody took what came in: that time is not the encoder's silence. */
  processStalled(stalledMs: number, nowMs: number): void {
    this.#lastHeardAtMs = Math.min(nowMs, this.#lastHeardAtMs + stalledMs);
    if (this.#lastFrameAtMs === undefined) return;
    this.#lastFrameAtMs = Math.min(nowMs, this.#lastFrameAtMs + stalledMs);
  }

  /** What comes from here on is of another encoder, or of other settings. */
  averageAnew(): void {
    this.#averagesBefore = this.averages;
    this.#averagedFrom = {
      videoByteLength: this.#videoByteLength,
      audioByteLength: this.#audioByteLength,
      frameSteps: this.#frameSteps,
      mediaTicks: this.#mediaTicks,
    };
  }

  /** The next frame's time does not follow from the last one's. */
  timelineBroke(): void {
    this.#previousVideoTicks = undefined;
    this.#keyframeTicks = undefined;
  }
}
