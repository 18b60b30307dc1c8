import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import { rescale, type Ticks } from '../lib/timescale.ts';
import { type Frame, type FrameSink, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import { LiveWindow } from './live-window.ts';
import { PartBuilder } from './part-builder.ts';
import { ProgramClock } from './program-clock.ts';
import { measureRendition } from './rendition.ts';
import { segmentMetadataEvent } from './segment-metadata.ts';
import { Segmenter } from './segmenter.ts';

/** Frames of one rendition in, parts and segments in its window out. */
export class RenditionPackager implements FrameSink {
  readonly window: LiveWindow;
  readonly #clock: Clock;
  readonly #programClock = new ProgramClock();
  readonly #isSource: boolean;
  readonly #payloads: SlabPool;
  readonly #segmenter: Segmenter;
  #tracks: MediaTracks | undefined;
  #builder: PartBuilder | undefined;
  /** When the frame that begins the open segment came in. */
  #segmentReceivedMs: number | undefined;
  #isDiscontinuous = false;
  #hasOpenSegment = false;
  #isFinishing = false;

  constructor(options: {
    readonly clock: Clock;
    readonly isLowLatency: boolean;
    readonly isSource: boolean;
    /** What the frames' memory is given back to when their parts are let go of. */
    readonly payloads: SlabPool;
  }) {
    this.#clock = options.clock;
    this.#isSource = options.isSource;
    this.#payloads = options.payloads;
    this.window = new LiveWindow(options);
    this.#segmenter = new Segmenter({
      endPart: (startTicks, endTicks) => this.#endPart(startTicks, endTicks),
      endSegment: (startTicks, endTicks) => this.#endSegment(startTicks, endTicks),
    });
  }

  /** A new init segment; in mid-stream with a discontinuity, since the encoding changes (RFC 8216bis 4.4.4.3). */
  tracks(tracks: MediaTracks): void {
    if (this.#tracks) this.discontinuity();
    this.#tracks = tracks;
    this.#builder = new PartBuilder(tracks, this.#payloads, this.#builder);
    this.window.addInitSegment(this.#builder.initSegment());
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
    if (this.#tracks) this.#builder = new PartBuilder(this.#tracks, this.#payloads, this.#builder);
  }

  /** The stream is over: the open part and segment are finished, the window ends. */
  end(): void {
    this.#finishOpen();
    this.window.end();
  }

  /** Where the newest part ended, on the video track's timeline. */
  get endTicks(): Ticks {
    return this.#segmenter.endTicks;
  }

  get framesPerSecond(): number {
    return this.#segmenter.pacing.framesPerSecond;
  }

  #video(frame: Frame): void {
    const startTicks = this.#segmenter.video(frame.dtsTicks, frame.isKeyframe);
    this.#segmentReceivedMs ??= this.#clock.nowMs();
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
    const part = this.#builder?.build({
      index: this.window.nextPart,
      startTicks,
      endTicks,
      prefix: opening === undefined ? [] : [this.#metadataEvent(opening)],
      isLast: this.#isFinishing,
    });
    if (!part) return;
    if (opening !== undefined) this.#beginSegment(opening);
    this.window.appendPart(part);
  }

  #programDateTimeMs(startTicks: Ticks): number {
    return this.#programClock.at(startTicks, this.#segmentReceivedMs ?? this.#clock.nowMs());
  }

  #beginSegment(programDateTimeMs: number): void {
    this.window.beginSegment({ programDateTimeMs, isDiscontinuous: this.#isDiscontinuous });
    this.#hasOpenSegment = true;
    this.#isDiscontinuous = false;
  }

  /** Of the program clock, so that the IVS player's sync time is every other player's program date time, without jitter. */
  #metadataEvent(programDateTimeMs: number): Uint8Array {
    return segmentMetadataEvent({
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
    this.window.completeSegment(
      endTicks - startTicks,
      { targetDurationSeconds, partTargetTicks },
      (segments, previous) =>
        measureRendition({ segments, tracks, framesPerSecond, isSource: this.#isSource, previous }),
    );
  }
}
