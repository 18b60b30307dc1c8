import { rescale, type Ticks } from '../lib/timescale.ts';
import { type AudioTrack, type Frame, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import { initSegment } from '../protocols/mp4/init-segment.ts';
import {
  encodePartHeader,
  type FragmentSample,
  type FragmentTrack,
} from '../protocols/mp4/media-segment.ts';
import { Part } from './segment.ts';

const VIDEO_TRACK_ID = 1;
const AUDIO_TRACK_ID = 2;

interface Sample extends FragmentSample {
  durationTicks: Ticks;
  readonly startTicks: Ticks;
  readonly payload: Uint8Array;
}

/** Collects the samples of the open part and writes it as one fMP4 fragment, video run first. */
export class PartBuilder {
  readonly #tracks: MediaTracks;
  #video: Sample[] = [];
  #audio: Sample[] = [];
  #fragmentNumber = 1;

  constructor(tracks: MediaTracks) {
    this.#tracks = tracks;
  }

  initSegment(): Uint8Array {
    const { video, audio } = this.#tracks;
    return initSegment({
      video: { ...video, trackId: VIDEO_TRACK_ID },
      ...(audio && { audio: { ...audio, trackId: AUDIO_TRACK_ID } }),
    });
  }

  /** `startTicks`: the decoding time that the segmenter gave it, which may differ from the frame's own. */
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

  addAudio(frame: Frame, track: AudioTrack): void {
    const newest = this.#audio.at(-1);
    // A gap in the sound is the length of the frame before it: decoding times stay contiguous.
    if (newest) newest.durationTicks = frame.dtsTicks - newest.startTicks;
    this.#audio.push({
      startTicks: frame.dtsTicks,
      durationTicks: track.samplesPerFrame,
      byteLength: frame.payload.byteLength,
      isSync: true,
      compositionOffsetTicks: 0,
      payload: frame.payload,
    });
  }

  /**
   * Everything collected up to `endTicks` (90 kHz) as part `index`; sound that is ahead of it waits for the next one.
   * `undefined` where there is nothing. `prefix`: emsg boxes.
   */
  build(options: {
    readonly index: number;
    readonly startTicks: Ticks;
    readonly endTicks: Ticks;
    readonly prefix: readonly Uint8Array[];
  }): Part | undefined {
    const { index, startTicks, endTicks, prefix } = options;
    const video = this.#video;
    const newest = video.at(-1);
    if (newest) newest.durationTicks = endTicks - newest.startTicks;
    const audio = this.#takeAudioBefore(endTicks);
    this.#video = [];
    if (!video[0] && !audio[0]) return undefined;
    const runs: FragmentTrack[] = [];
    if (video[0]) runs.push(trackRun(VIDEO_TRACK_ID, video[0].startTicks, video));
    if (audio[0]) runs.push(trackRun(AUDIO_TRACK_ID, audio[0].startTicks, audio));
    const header = encodePartHeader({ sequenceNumber: this.#fragmentNumber++, tracks: runs });
    const chunks = [...prefix, header];
    for (const sample of video) chunks.push(sample.payload);
    for (const sample of audio) chunks.push(sample.payload);
    return new Part({
      index,
      durationTicks: endTicks - startTicks,
      isIndependent: video[0]?.isSync ?? false,
      chunks,
    });
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

function trackRun(trackId: number, startTicks: Ticks, samples: readonly Sample[]): FragmentTrack {
  return { trackId, baseMediaDecodeTimeTicks: startTicks, samples };
}
