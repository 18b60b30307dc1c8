import type { SlabPool } from '../lib/slab-pool.ts';
import { rescale, type Ticks } from '../lib/timescale.ts';
import { type AudioTrack, type Frame, VIDEO_TIMESCALE } from '../media/frame.ts';
import { PackedPart } from './packed-part.ts';
import type { PartContainer, PartMetadata, RenditionTracks, Sample } from './part-container.ts';
import { Part } from './segment.ts';

/** Collects the samples of the open part, on one timeline and in one encoding. */
export class PartBuilder {
  readonly #tracks: RenditionTracks;
  readonly #container: PartContainer;
  readonly #payloads: SlabPool;
  #video: Sample[] = [];
  #audio: Sample[] = [];
  /** Where the sound of the newest part ended, in ticks of its track; `undefined` before the first. */
  #audioEnd: Ticks | undefined;
  /** The newest sound that is in a part. Its payload is a copy: the part may be let go of before it is needed. */
  #lastSound: Sample | undefined;
  /** What that copy is made into, over and over. */
  #lastSoundMemory = new Uint8Array(0);

  /** `previous`: whose parts came before, on the same timeline. What it still holds is let go. */
  constructor(
    tracks: RenditionTracks,
    options: { readonly container: PartContainer; readonly payloads: SlabPool },
    previous?: PartBuilder,
  ) {
    this.#tracks = tracks;
    this.#container = options.container;
    this.#payloads = options.payloads;
    if (previous === undefined) return;
    const before = previous.#tracks.audio;
    if (before === undefined || tracks.audio === undefined) return;
    if (previous.#audioEnd !== undefined) {
      this.#audioEnd = rescale(previous.#audioEnd, before.timescale, tracks.audio.timescale);
    }
  }

  /** `startTicks`: the decoding time that it gets in the part, which may differ from the frame's own. */
  addVideo(frame: Frame, startTicks: Ticks): void {
    const newest = this.#video.at(-1);
    if (newest) newest.durationTicks = startTicks - newest.startTicks;
    this.#video.push({
      startTicks,
      durationTicks: 0,
      byteLength: frame.payload.byteLength,
      isSync: frame.isKeyframe,
      // Presentation stays where the encoder put it, whatever the decoding time became.
      compositionOffsetTicks: frame.dtsTicks + frame.ctsOffsetTicks - startTicks,
      payload: frame.payload,
    });
  }

  /**
   * A gap in the sound becomes the length of the frame before it or, where that is in a part already, of the one after it:
   * decoding times are contiguous. Media Source Extensions take a step of more than two frames in one track for a break in
   * all of them, and drop the picture up to the next keyframe (W3C MSE, coded frame processing, step 1.6).
   */
  addAudio(frame: Frame, track: AudioTrack): void {
    const newest = this.#audio.at(-1);
    const startTicks = newest ? frame.dtsTicks : (this.#audioEnd ?? frame.dtsTicks);
    const endTicks = frame.dtsTicks + track.samplesPerFrame;
    if (endTicks <= startTicks) return;
    if (newest) newest.durationTicks = startTicks - newest.startTicks;
    this.#audio.push({
      startTicks,
      durationTicks: endTicks - startTicks,
      byteLength: frame.payload.byteLength,
      isSync: true,
      compositionOffsetTicks: 0,
      payload: frame.payload,
    });
  }

  /** Whether a part that ends there (90 kHz) would have nothing in it. */
  isEmptyBefore(endTicks: Ticks): boolean {
    const [sound] = this.#audio;
    if (this.#video.length > 0) return false;
    if (sound === undefined || !this.#tracks.audio) return true;
    return sound.startTicks >= rescale(endTicks, VIDEO_TIMESCALE, this.#tracks.audio.timescale);
  }

  /**
   * Everything collected up to `endTicks` (90 kHz) as part `index`; sound that is ahead of it waits for the next one.
   * `undefined` where there is nothing.
   */
  build(options: {
    readonly index: number;
    readonly startTicks: Ticks;
    readonly endTicks: Ticks;
    readonly metadata: readonly PartMetadata[];
    readonly isDiscontinuous: boolean;
    /** Nothing follows on this timeline, or no sound for a while: what there is lasts to the end of the part. */
    readonly isSoundLengthened: boolean;
  }): Part | undefined {
    const { index, startTicks, endTicks, metadata, isDiscontinuous } = options;
    const video = this.#video;
    const newest = video.at(-1);
    if (newest) newest.durationTicks = endTicks - newest.startTicks;
    const audio = this.#takeAudioBefore(endTicks);
    if (options.isSoundLengthened) this.#lengthenSound(audio, startTicks, endTicks);
    this.#keepLastSound(audio.at(-1));
    this.#video = [];
    if (!video[0] && !audio[0]) return undefined;
    const content = { startTicks, video, audio, metadata, isDiscontinuous };
    const measured = this.#container.part(content);
    return new Part({
      index,
      durationTicks: endTicks - startTicks,
      // Each frame of sound can be decoded by itself.
      isIndependent: this.#tracks.video === undefined || (video[0]?.isSync ?? false),
      encodable: new PackedPart(measured, content, this.#payloads),
    });
  }

  /**
   * Lets the sound last as long as the picture; where the part has none, its last frame sounds once more. hls.js (1.7.4) ends
   * only when the middle of the last part is buffered in both tracks, and encoders stop where they stop.
   */
  #lengthenSound(audio: Sample[], startTicks: Ticks, endTicks: Ticks): void {
    const track = this.#tracks.audio;
    if (!track) return;
    const end = rescale(endTicks, VIDEO_TIMESCALE, track.timescale);
    if (!this.#container.hasSampleDurations) {
      this.#repeatSound(audio, rescale(startTicks, VIDEO_TIMESCALE, track.timescale), end, track);
      return;
    }
    const newest = audio.at(-1);
    if (newest) {
      newest.durationTicks = Math.max(newest.durationTicks, end - newest.startTicks);
    } else if (this.#lastSound && this.#audioEnd !== undefined && this.#audioEnd < end) {
      const startTicks = this.#audioEnd;
      const payload = Uint8Array.from(this.#lastSound.payload);
      audio.push({ ...this.#lastSound, startTicks, durationTicks: end - startTicks, payload });
    }
  }

  /** As often as it takes, and no more than fits into the part. */
  #repeatSound(audio: Sample[], start: Ticks, end: Ticks, { samplesPerFrame }: AudioTrack): void {
    const newest = audio.at(-1) ?? this.#lastSound;
    if (newest === undefined) return;
    // A copy: what is given back is given back once.
    const payload = Uint8Array.from(newest.payload);
    let startTicks = Math.max(start, newest.startTicks + newest.durationTicks);
    for (; startTicks < end; startTicks += samplesPerFrame) {
      audio.push({ ...newest, startTicks, durationTicks: samplesPerFrame, payload });
    }
  }

  #keepLastSound(sample: Sample | undefined): void {
    if (sample === undefined) return;
    this.#audioEnd = sample.startTicks + sample.durationTicks;
    const { byteLength } = sample;
    if (byteLength > this.#lastSoundMemory.byteLength) {
      this.#lastSoundMemory = new Uint8Array(2 * byteLength);
    }
    const payload = this.#lastSoundMemory.subarray(0, byteLength);
    payload.set(sample.payload);
    this.#lastSound = { ...sample, payload };
  }

  #takeAudioBefore(endTicks: Ticks): Sample[] {
    const track = this.#tracks.audio;
    if (!track) return [];
    const end = rescale(endTicks, VIDEO_TIMESCALE, track.timescale);
    const split = this.#audio.findIndex((sample) => sample.startTicks >= end);
    if (split === -1) {
      const all = this.#audio;
      this.#audio = [];
      return all;
    }
    return this.#audio.splice(0, split);
  }
}
