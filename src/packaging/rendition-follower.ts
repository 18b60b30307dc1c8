import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type FrameSink, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import { DecodingTimes } from './decoding-times.ts';
import { FollowerInput, type InputReader } from './follower-input.ts';
import { FramePacing } from './frame-pacing.ts';
import type { LiveWindow } from './live-window.ts';
import { PartBuilder } from './part-builder.ts';
import type { PartContainer, PartMetadata, RenditionTracks } from './part-container.ts';
import { measureRendition } from './rendition.ts';
import { segmentMetadata } from './segment-metadata.ts';
import type {
  PartEnd,
  Segmentation,
  SegmentationListener,
  SegmentEnd,
  SegmentStart,
} from './segmentation.ts';

/**
 * So far behind the leader, what is missing is not waited for any more: a live playlist has to have a new segment "no later
 * than 1.5 times the Target Duration" after the one before (RFC 8216bis 6.2.1).
 */
const PATIENCE_TARGET_DURATIONS = 1.5;

/**
 * A rendition that is cut where the leader is: the leader's decisions in, frames of another encoding of the same pictures in,
 * parts and segments of the same numbers out. Either may be ahead of the other. A segment of which frames never came is a
 * gap in the playlist (RFC 8216bis 4.4.4.7), so that numbers stay the leader's.
 */
export class RenditionFollower implements FrameSink, SegmentationListener {
  readonly window: LiveWindow;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #nominalBps: number;
  /** As planned: 0 where the encoder does not say. */
  readonly #framesPerSecond: number;
  readonly #pacing = new FramePacing();
  readonly #hasPicture: boolean;
  readonly #parts: { readonly container: PartContainer; readonly payloads: SlabPool };
  readonly #input: FollowerInput;
  /** Those of the leader that are not carried out yet. */
  readonly #decisions: Segmentation[] = [];
  /** Where the leader is, and how far behind it frames may be. */
  #leaderEndTicks: Ticks = 0;
  #patienceTicks = Number.POSITIVE_INFINITY;
  #tracks: RenditionTracks | undefined;
  #builder: PartBuilder | undefined;
  #segment: SegmentStart | undefined;
  #hasOpenSegment = false;
  /** A part of the segment under way never came. */
  #isGap = false;
  #isDiscontinuous = false;
  #isEnding = false;
  /** At first, and after a break or a gap, until a segment begins with a frame that came after it. */
  #isResuming = true;
  readonly #decodingTimes = new DecodingTimes();

  constructor(options: {
    readonly window: LiveWindow;
    readonly container: PartContainer;
    readonly payloads: SlabPool;
    readonly clock: Clock;
    readonly name: string;
    readonly framesPerSecond: number;
    /** See `measureRendition`. By default 0. */
    readonly nominalBps?: number;
    /** False: of what comes, the sound alone. */
    readonly hasPicture: boolean;
  }) {
    this.window = options.window;
    this.#parts = options;
    this.#clock = options.clock;
    this.#name = options.name;
    this.#nominalBps = options.nominalBps ?? 0;
    this.#framesPerSecond = options.framesPerSecond;
    this.#hasPicture = options.hasPicture;
    this.#input = new FollowerInput(options);
  }

  // --- the frames

  tracks(tracks: MediaTracks): void {
    this.#input.push({ kind: 'tracks', tracks });
    this.#advance();
  }

  frame(frame: Frame): void {
    if (frame.kind === 'video' && !this.#hasPicture) return;
    this.#input.push({ kind: 'frame', frame });
    this.#advance();
  }

  /** Frames are missing before those that come. */
  discontinuity(): void {
    this.#input.push({ kind: 'break' });
    this.#advance();
  }

  /** Whoever makes the frames is gone: what is missing is not waited for until more come. */
  interrupted(): void {
    this.#input.push({ kind: 'interruption' });
    this.window.interrupt();
    this.#advance();
  }

  // --- the leader's decisions

  segmentBegan(start: SegmentStart): void {
    this.#decisions.push({ kind: 'segment-began', start });
    this.#advance();
  }

  partEnded(startTicks: Ticks, endTicks: Ticks, metadata: readonly PartMetadata[]): void {
    this.#decisions.push({ kind: 'part-ended', startTicks, endTicks, metadata });
    this.#leaderEndTicks = endTicks;
    this.#advance();
  }

  segmentEnded(end: SegmentEnd): void {
    this.#decisions.push({ kind: 'segment-ended', end });
    const targetTicks = end.timing.targetDurationSeconds * VIDEO_TIMESCALE;
    this.#patienceTicks = targetTicks * PATIENCE_TARGET_DURATIONS;
    this.#advance();
  }

  /** No more frames come: the leader's last decisions are carried out with those there are, and the window ends. */
  end(): void {
    this.#isEnding = true;
    try {
      this.#advance();
    } finally {
      this.window.end();
    }
  }

  #advance(): void {
    for (;;) {
      const decision = this.#decisions[0];
      if (decision === undefined || !this.#carryOut(decision)) return;
      this.#decisions.shift();
    }
  }

  /** Whether it could be. */
  #carryOut(decision: Segmentation): boolean {
    switch (decision.kind) {
      case 'segment-began':
        this.#segment = decision.start;
        this.#isGap = false;
        this.#input.beginSegment(decision.start);
        return true;
      case 'part-ended':
        return this.#endPart(decision);
      case 'segment-ended':
        this.#endSegment(decision.end);
        return true;
    }
  }

  #endPart({ startTicks, endTicks, metadata }: PartEnd): boolean {
    const isComplete = this.#isGap || this.#input.isComplete(endTicks);
    if (!isComplete && !this.#isEnding) {
      if (this.#leaderEndTicks - endTicks < this.#patienceTicks) return false;
      this.#isGap = true;
    }
    const reader: InputReader = {
      tracks: (tracks) => this.#begin(tracks),
      breaks: () => this.#break(),
      interrupted: () => {
        this.#isGap = true;
      },
      frame: (frame, ticks) => this.#take(frame, ticks, startTicks),
      leftOut: ({ payload }) => this.#parts.payloads.giveBack(payload),
    };
    this.#input.takeBefore(endTicks, reader);
    // The leader has something in every part: after a pause without sound, pictures that it decodes ahead of their time.
    const isUnderWay = this.#hasPicture && !this.#isResuming && !this.#isGap;
    if (isUnderWay && this.#builder?.isEmptyBefore(endTicks)) {
      this.#input.takePictureAhead(endTicks, reader);
    }
    if (!this.#isGap) this.#buildPart(startTicks, endTicks, metadata);
    this.#decodingTimes.endPart(endTicks);
    return true;
  }

  #begin({ video, audio }: MediaTracks): void {
    const tracks = { audio, ...(this.#hasPicture && { video }) };
    if (this.#tracks) this.#break();
    if (!this.#hasPicture && audio === undefined) {
      // Sound alone of which there is none: gaps, until there is.
      this.#tracks = this.#builder = undefined;
      return;
    }
    this.#tracks = tracks;
    this.#builder = new PartBuilder(tracks, this.#parts, this.#builder);
    this.window.beginGeneration(this.#parts.container.begin(tracks));
  }

  #break(): void {
    if (this.window.isPlayable) this.#isDiscontinuous = true;
    if (this.#tracks) this.#builder = new PartBuilder(this.#tracks, this.#parts, this.#builder);
    this.#decodingTimes.reset();
    this.#pacing.reset();
    this.#isResuming = true;
    // What is open ends where it broke off.
    if (this.#hasOpenSegment) this.#isGap = true;
  }

  /** What belongs to the gap may still come, and is of no use. */
  #leaveGap(): void {
    this.#isResuming = true;
    this.#decodingTimes.reset();
    // Sound that goes on behind a gap is not stretched over it.
    if (this.#tracks) this.#builder = new PartBuilder(this.#tracks, this.#parts);
  }

  /** Whether the frame may follow a break or a gap: a segment has to begin with it. */
  #resumes(frame: Frame, ticks: Ticks): boolean {
    const segment = this.#segment;
    if (segment === undefined || this.#hasOpenSegment) return false;
    const isKeyframe = frame.kind === 'video' && frame.isKeyframe;
    if (this.#hasPicture && !(segment.isIndependent && isKeyframe)) return false;
    return ticks >= segment.startTicks - this.#input.toleranceTicks;
  }

  #take(frame: Frame, ticks: Ticks, partStartTicks: Ticks): void {
    if (this.#isGap || (this.#isResuming && !this.#resumes(frame, ticks))) {
      this.#parts.payloads.giveBack(frame.payload);
      return;
    }
    this.#isResuming = false;
    const audio = this.#tracks?.audio;
    if (frame.kind === 'video') {
      this.#pacing.observe(frame.dtsTicks);
      const startTicks = this.#decodingTimes.next(frame.dtsTicks, partStartTicks);
      this.#builder?.addVideo(this.#presentedInTime(frame, startTicks), startTicks);
    } else if (audio) this.#builder?.addAudio(frame, audio);
  }

  /** What a decoder held back while the picture stood still comes when parts of its time are out: it is shown late. */
  #presentedInTime(frame: Frame, startTicks: Ticks): Frame {
    const { dtsTicks, ctsOffsetTicks } = frame;
    const isLate = dtsTicks + ctsOffsetTicks < startTicks - this.#input.toleranceTicks;
    return isLate ? { ...frame, ctsOffsetTicks: startTicks - dtsTicks } : frame;
  }

  #buildPart(startTicks: Ticks, endTicks: Ticks, texts: readonly PartMetadata[]): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    const isFirst = !this.#hasOpenSegment;
    const isDiscontinuous = isFirst && (segment.isDiscontinuous || this.#isDiscontinuous);
    // The leader's picture goes on: a pause of the sound is no reason to lose a segment of it.
    const isSilent = !this.#hasPicture && this.#builder?.isEmptyBefore(endTicks) === true;
    const part = this.#builder?.build({
      index: this.window.nextPart,
      startTicks,
      endTicks,
      metadata: isFirst ? [this.#segmentMetadata(segment), ...texts] : texts,
      isDiscontinuous,
      isSoundLengthened: this.#isEnding || isSilent,
    });
    // One without a keyframe where the leader has one is no gap: who has the segment before it can go on.
    if (part === undefined) {
      this.#isGap = true;
      return;
    }
    if (isFirst) this.#openSegment(segment, isDiscontinuous);
    this.window.appendPart(part);
  }

  #openSegment({ programDateTimeMs }: SegmentStart, isDiscontinuous: boolean): void {
    this.window.beginSegment({ programDateTimeMs, isDiscontinuous });
    this.#hasOpenSegment = true;
    this.#isDiscontinuous = false;
  }

  #endSegment({ durationTicks, timing }: SegmentEnd): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    const isGap = this.#isGap || !this.#hasOpenSegment;
    if (!this.#hasOpenSegment) {
      // A break that no segment could tell of yet is the next one's to tell.
      const isOwnBreak = this.#isDiscontinuous;
      this.#openSegment(segment, segment.isDiscontinuous);
      this.#isDiscontinuous = isOwnBreak;
    }
    this.#hasOpenSegment = false;
    const tracks = this.#tracks;
    if (isGap || tracks === undefined) {
      this.#leaveGap();
      this.window.completeGap(durationTicks);
      return;
    }
    this.window.completeSegment(durationTicks, timing, (segments) =>
      measureRendition({
        segments,
        tracks,
        framesPerSecond: this.#pacing.framesPerSecond || this.#framesPerSecond,
        isSource: false,
        name: this.#name,
        nominalBps: this.#nominalBps,
      }),
    );
  }

  #segmentMetadata({ startTicks, programDateTimeMs }: SegmentStart) {
    return segmentMetadata({
      startTicks,
      msn: this.window.nextMsn,
      receivedMs: programDateTimeMs,
      sentMs: this.#clock.nowMs(),
    });
  }
}
