import type { SlabAllocator } from '../lib/slab-pool.ts';
import { type AudioTrack, type Frame, VIDEO_TIMESCALE, type VideoTrack } from '../media/frame.ts';
import type { Opening, RenditionFeed } from './rendition-feed.ts';

/** Pictures wait for the sound before them, but no longer than so much video: sound may have stopped. */
const MAX_VIDEO_LEAD_MS = 100;
/** Before anything is announced: AAC's first frame comes a little later than the first picture. */
const MAX_OPENING_MS = 1_000;
/** Sound waits for the picture before it. More than ten seconds of it is not kept for a child that hangs. */
const MAX_HELD_AUDIO_FRAMES = 512;
const MAX_HELD_VIDEO_FRAMES = 256;
/** The encoder sends sound, but no picture: so much further on, the sound goes on alone. */
const PICTURE_REST_MS = 1_000;
/** What a child still holds of the last pictures when none follow: reordering, and frames that a rendition leaves out. */
const CHILD_HOLDS_MS = 500;
/** Sound behind the last picture, when the child has ended. */
const MAX_AUDIO_TAIL_MS = 100;

interface Timed {
  readonly timeMs: number;
  readonly frame: Frame;
}

/**
 * One rendition, from one child: its pictures and its sound, which come from different places, in one order for its sink.
 * A rendition without pictures hands its sound on as it comes.
 */
export class RenditionOutput {
  readonly #feed: RenditionFeed;
  readonly #slabs: SlabAllocator;
  readonly #opening: Opening;
  readonly #hasVideo: boolean;
  readonly #hasAudio: boolean;
  /** Of the first keyframe, or of the one behind the last gap: sound before it is left out. */
  #audioFloorMs: number;
  #videoTrack: VideoTrack | undefined;
  #audioTrack: AudioTrack | undefined;
  #video: Timed[] = [];
  #audio: Timed[] = [];
  #isOpen = false;
  /** Presentation times of the keyframes behind gaps. */
  #breaksMs: number[] = [];
  #newestVideoMs = Number.NEGATIVE_INFINITY;
  #newestAudioMs = Number.NEGATIVE_INFINITY;
  #lastVideoMs = Number.NEGATIVE_INFINITY;
  #sourceVideoMs = Number.NEGATIVE_INFINITY;

  /** `slabs`: for the sound, of which every rendition has its own copy. `videoTrack`: the source's, where there is no picture. */
  constructor(options: {
    readonly feed: RenditionFeed;
    readonly slabs: SlabAllocator;
    readonly opening: Opening;
    readonly hasVideo: boolean;
    readonly hasAudio: boolean;
    readonly startMs: number;
    readonly videoTrack?: VideoTrack;
  }) {
    this.#feed = options.feed;
    this.#slabs = options.slabs;
    this.#opening = options.opening;
    this.#hasVideo = options.hasVideo;
    this.#hasAudio = options.hasAudio;
    this.#audioFloorMs = options.startMs;
    this.#videoTrack = options.videoTrack;
  }

  videoTrack(track: VideoTrack): void {
    this.#videoTrack = track;
  }

  audioTrack(track: AudioTrack): void {
    this.#audioTrack = track;
    this.#advance();
  }

  video(frame: Frame): void {
    const timeMs = (frame.dtsTicks * 1000) / VIDEO_TIMESCALE;
    this.#newestVideoMs = timeMs;
    this.#video.push({ timeMs, frame });
    this.#advance();
  }

  /** Takes a copy: the payload has other owners. */
  audio(frame: Frame, track: AudioTrack): void {
    const timeMs = (frame.dtsTicks * 1000) / track.timescale;
    this.#newestAudioMs = timeMs;
    if (timeMs < this.#audioFloorMs) return;
    const payload = this.#slabs.allocate(frame.payload.byteLength);
    payload.set(frame.payload);
    this.#audio.push({ timeMs, frame: { ...frame, payload } });
    if (this.#audio.length > MAX_HELD_AUDIO_FRAMES) this.#audio.shift();
    this.#advance();
  }

  /** How far the source's pictures are, whether they are out of the child or not. */
  sourceVideoAt(timeMs: number): void {
    this.#sourceVideoMs = timeMs;
  }

  /** Frames were left out before the keyframe that is presented at `resumeMs`. */
  breakAt(resumeMs: number): void {
    this.#breaksMs.push(resumeMs);
  }

  /** The child has ended: what waits is handed over. */
  flush(): void {
    while (this.#video[0] !== undefined) {
      if (!this.#advanceOne(true)) break;
    }
    const untilMs = this.#hasVideo
      ? this.#lastVideoMs + MAX_AUDIO_TAIL_MS
      : Number.POSITIVE_INFINITY;
    for (const { timeMs, frame } of this.#audio) {
      if (this.#isOpen && timeMs <= untilMs) this.#feed.sink.frame(frame);
    }
    this.#audio = [];
  }

  #advance(): void {
    while (this.#advanceOne(false)) {}
  }

  /** Hands over the next frame, or drops it; says whether there was one. */
  #advanceOne(isFlushing: boolean): boolean {
    if (!this.#hasVideo) return this.#advanceSound();
    const video = this.#video[0];
    if (video === undefined) {
      const audio = this.#audio[0];
      if (audio === undefined || !this.#isSoundDue(audio.timeMs)) return false;
      this.#audio.shift();
      this.#feed.sink.frame(audio.frame);
      return true;
    }
    if (!isFlushing && !this.#isPictureDue(video.timeMs)) return false;
    if (this.#isInOrder(video)) {
      // Sound before a first keyframe, or in a gap, is gone by now.
      const audio = this.#audio[0];
      if (audio !== undefined && audio.timeMs < video.timeMs) {
        this.#audio.shift();
        this.#feed.sink.frame(audio.frame);
        return true;
      }
      this.#feed.sink.frame(video.frame);
      this.#lastVideoMs = video.timeMs;
    }
    this.#video.shift();
    return true;
  }

  #advanceSound(): boolean {
    const audio = this.#audio[0];
    if (audio === undefined || !this.#openWithSound()) return false;
    this.#audio.shift();
    const breakMs = this.#breaksMs[0];
    if (breakMs !== undefined && audio.timeMs >= breakMs) {
      this.#passBreaks(audio.timeMs);
      this.#feed.sink.discontinuity();
    }
    this.#feed.sink.frame(audio.frame);
    return true;
  }

  #openWithSound(): boolean {
    if (this.#isOpen) return true;
    if (this.#videoTrack === undefined || this.#audioTrack === undefined) return false;
    this.#isOpen = true;
    this.#feed.open({ video: this.#videoTrack, audio: this.#audioTrack }, this.#opening);
    return true;
  }

  /** Announces what comes before `video`. False: it can't be handed over, as a keyframe has to come first. */
  #isInOrder({ frame, timeMs }: Timed): boolean {
    const presentedMs = timeMs + (frame.ctsOffsetTicks * 1000) / VIDEO_TIMESCALE;
    const isBehindGap = this.#breaksMs[0] !== undefined && presentedMs >= this.#breaksMs[0];
    if (this.#isOpen && !isBehindGap && !frame.isKeyframe) return true;
    const video = this.#videoTrack;
    if (!frame.isKeyframe || video === undefined) return false;
    const audio = this.#audioTrack;
    const tracks = audio === undefined ? { video } : { video, audio };
    if (!this.#isOpen || isBehindGap) {
      this.#audioFloorMs = timeMs;
      this.#audio = this.#audio.filter((held) => held.timeMs >= timeMs);
      this.#passBreaks(presentedMs);
    }
    if (!this.#isOpen) this.#feed.open(tracks, this.#opening);
    else {
      if (isBehindGap) this.#feed.sink.discontinuity();
      this.#feed.announce(tracks);
    }
    this.#isOpen = true;
    return true;
  }

  #passBreaks(timeMs: number): void {
    this.#breaksMs = this.#breaksMs.filter((breakMs) => breakMs > timeMs);
  }

  #isPictureDue(timeMs: number): boolean {
    if (!this.#hasAudio || this.#newestAudioMs >= timeMs) return this.#isTrackKnown();
    const leadMs = this.#newestVideoMs - timeMs;
    return (
      leadMs >= (this.#isOpen ? MAX_VIDEO_LEAD_MS : MAX_OPENING_MS) ||
      this.#video.length >= MAX_HELD_VIDEO_FRAMES
    );
  }

  #isTrackKnown(): boolean {
    return this.#isOpen || !this.#hasAudio || this.#audioTrack !== undefined;
  }

  /** No picture is there to compare with: sound that is late goes on, and sound while the encoder sends no pictures. */
  #isSoundDue(timeMs: number): boolean {
    if (!this.#isOpen) return false;
    if (timeMs <= this.#lastVideoMs) return true;
    return (
      this.#newestAudioMs - this.#sourceVideoMs > PICTURE_REST_MS &&
      this.#sourceVideoMs - this.#lastVideoMs < CHILD_HOLDS_MS
    );
  }
}
