import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import { rescale, type Ticks } from '../lib/timescale.ts';
import { type Frame, type FrameSink, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { LiveWindow } from './live-window.ts';
import { PartBuilder } from './part-builder.ts';
import type { PartContainer } from './part-container.ts';
import { ProgramClock } from './program-clock.ts';
import { measureRendition } from './rendition.ts';
import { segmentMetadata } from './segment-metadata.ts';
import type { SegmentationListener } from './segmentation.ts';
import { Segmenter } from './segmenter.ts';
import type { SourceArrivals } from './source-arrivals.ts';
import { TimedMetadata } from './timed-metadata.ts';

/** Of a picture that came once, from an encoder that does not say: a name stays with its rendition, and `720p0` is none. */
const ASSUMED_FRAMES_PER_SECOND = 30;

/** The leading rendition of a channel: frames in, parts and segments in its window out, at boundaries of its own choice. */
export class RenditionPackager implements FrameSink {
  readonly window: LiveWindow;
  readonly #clock: Clock;
  readonly #programClock = new ProgramClock();
  readonly #arrivals: SourceArrivals | undefined;
  readonly #isSource: boolean;
  readonly #name: string | undefined;
  readonly #nominalBps: number;
  readonly #parts: { readonly container: PartContainer; readonly payloads: SlabPool };
  readonly #listener: SegmentationListener | undefined;
  readonly #segmenter: Segmenter;
  readonly #timedMetadata: TimedMetadata;
  #tracks: MediaTracks | undefined;
  #builder: PartBuilder | undefined;
  /** When the frame that begins the open segment came in. */
  #segmentReceivedMs: number | undefined;
  /** When it is presented. */
  #presentedTicks: Ticks = 0;
  /** Of the newest keyframe. */
  #ctsOffsetTicks: Ticks = 0;
  #isDiscontinuous = false;
  #hasOpenSegment = false;
  #isFinishing = false;

  constructor(options: {
    readonly window: LiveWindow;
    readonly container: PartContainer;
    /** What the frames' memory is given back to when their parts are let go of. */
    readonly payloads: SlabPool;
    readonly clock: Clock;
    readonly isSource: boolean;
    /** By default, what its picture is measured to be. */
    readonly name?: string | undefined;
    /** See `measureRendition`. By default 0. */
    readonly nominalBps?: number;
    readonly listener?: SegmentationListener;
    /** The texts that go into its parts. */
    readonly timedMetadata?: TimedMetadata | undefined;
    /** Of the frames that these are made of, where they are not the source's own. */
    readonly arrivals?: SourceArrivals;
  }) {
    this.window = options.window;
    this.#clock = options.clock;
    this.#arrivals = options.arrivals;
    this.#isSource = options.isSource;
    this.#name = options.name;
    this.#nominalBps = options.nominalBps ?? 0;
    this.#parts = options;
    this.#listener = options.listener;
    this.#timedMetadata = options.timedMetadata ?? new TimedMetadata();
    this.#segmenter = new Segmenter({
      endPart: (startTicks, endTicks) => this.#endPart(startTicks, endTicks),
      endSegment: (startTicks, endTicks) => this.#endSegment(startTicks, endTicks),
    });
  }

  /** A new init segment; in mid-stream with a discontinuity, since the encoding changes (RFC 8216bis 4.4.4.3). */
  tracks(tracks: MediaTracks): void {
    if (this.#tracks) this.discontinuity();
    this.#tracks = tracks;
    this.#builder = new PartBuilder(tracks, this.#parts, this.#builder);
    this.window.beginGeneration(this.#parts.container.begin(tracks));
  }

  frame(frame: Frame): void {
    if (frame.kind === 'video') this.#video(frame);
    else this.#audio(frame);
  }

  /** The timeline jumps: what is open is finished as it is, the next segment says so. */
  discontinuity(): void {
    this.#finishOpen();
    this.#programClock.reset();
    if (this.window.isPlayable) this.#isDiscontinuous = true;
    // Sound left over from before the break belongs to no segment any more.
    if (this.#tracks) this.#builder = new PartBuilder(this.#tracks, this.#parts, this.#builder);
  }

  /** The stream is over: the open part and segment are finished, the window ends. */
  end(): void {
    try {
      this.#finishOpen();
    } finally {
      this.window.end();
    }
  }

  /** Where the newest part ended, on the video track's timeline. */
  get endTicks(): Ticks {
    return this.#segmenter.endTicks;
  }

  /** No part ends before: see `Segmenter.nextEndTicks`. */
  get nextPartEndTicks(): Ticks | undefined {
    return this.#segmenter.nextEndTicks;
  }

  /** As measured; where one frame is all there was, as the encoder says. */
  get framesPerSecond(): number {
    return (
      this.#segmenter.pacing.framesPerSecond ||
      this.#tracks?.video.declaredFrameRate ||
      ASSUMED_FRAMES_PER_SECOND
    );
  }

  #video(frame: Frame): void {
    const startTicks = this.#segmenter.video(frame.dtsTicks, frame.isKeyframe);
    if (this.#segmentReceivedMs === undefined) {
      this.#segmentReceivedMs = this.#clock.nowMs();
      this.#presentedTicks = frame.dtsTicks + frame.ctsOffsetTicks;
    }
    if (frame.isKeyframe) this.#ctsOffsetTicks = frame.ctsOffsetTicks;
    this.#builder?.addVideo(frame, startTicks);
    this.#segmenter.afterVideo();
  }

  #audio(frame: Frame): void {
    const track = this.#tracks?.audio;
    if (!track) return;
    this.#builder?.addAudio(frame, track);
    this.#segmenter.audio(rescale(frame.dtsTicks, track.timescale, VIDEO_TIMESCALE));
  }

  #finishOpen(): void {
    this.#isFinishing = true;
    this.#segmenter.flush();
    this.#isFinishing = false;
  }

  #endPart(startTicks: Ticks, endTicks: Ticks): void {
    const opening = this.#hasOpenSegment ? undefined : this.#programDateTimeMs(startTicks);
    // Nothing may follow the end of the stream or a break: what waits for later goes with the last part.
    const texts = this.#timedMetadata.due(startTicks, this.#isFinishing ? Infinity : endTicks);
    const part = this.#builder?.build({
      index: this.window.nextPart,
      startTicks,
      endTicks,
      metadata:
        opening === undefined ? texts : [this.#segmentMetadata(startTicks, opening), ...texts],
      isDiscontinuous: opening !== undefined && this.#isDiscontinuous,
      isSoundLengthened: this.#isFinishing,
    });
    if (!part) return;
    if (opening !== undefined) this.#beginSegment(startTicks, opening, part.isIndependent);
    this.window.appendPart(part);
    this.#timedMetadata.delivered(texts);
    this.#listener?.partEnded(startTicks, endTicks, texts);
  }

  #programDateTimeMs(startTicks: Ticks): number {
    const receivedMs = this.#arrivals?.at(startTicks) ?? this.#segmentReceivedMs;
    return this.#programClock.at(startTicks, receivedMs ?? this.#clock.nowMs());
  }

  #beginSegment(startTicks: Ticks, programDateTimeMs: number, isIndependent: boolean): void {
    const isDiscontinuous = this.#isDiscontinuous;
    this.window.beginSegment({ programDateTimeMs, isDiscontinuous });
    this.#hasOpenSegment = true;
    this.#isDiscontinuous = false;
    this.#listener?.segmentBegan({
      startTicks,
      programDateTimeMs,
      isDiscontinuous,
      presentedTicks: this.#presentedTicks,
      ctsOffsetTicks: this.#ctsOffsetTicks,
      isIndependent,
    });
  }

  /** Of the program clock, so that the IVS player's sync time is every other player's program date time, without jitter. */
  #segmentMetadata(startTicks: Ticks, programDateTimeMs: number) {
    return segmentMetadata({
      startTicks,
      msn: this.window.nextMsn,
      receivedMs: programDateTimeMs,
      sentMs: this.#clock.nowMs(),
    });
  }

  #endSegment(startTicks: Ticks, endTicks: Ticks): void {
    const { targetDurationSeconds, partTargetTicks } = this.#segmenter;
    const tracks = this.#tracks;
    this.#segmentReceivedMs = undefined;
    if (!this.#hasOpenSegment || !tracks || !targetDurationSeconds || !partTargetTicks) return;
    this.#hasOpenSegment = false;
    const framesPerSecond = this.framesPerSecond;
    const durationTicks = endTicks - startTicks;
    const timing = { targetDurationSeconds, partTargetTicks };
    this.window.completeSegment(durationTicks, timing, (segments, previous) =>
      measureRendition({
        segments,
        tracks,
        framesPerSecond,
        isSource: this.#isSource,
        name: previous?.name ?? this.#name,
        nominalBps: this.#nominalBps,
      }),
    );
    this.#listener?.segmentEnded({ durationTicks, timing });
  }
}
