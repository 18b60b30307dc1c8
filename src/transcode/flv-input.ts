import { rescale } from '../lib/timescale.ts';
import { type Frame, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import {
  encodeAacFrame,
  encodeAacSequenceHeader,
  encodeAvcFrame,
  encodeAvcSequenceHeader,
  encodeFlvHeader,
  encodeFlvMetadata,
} from '../protocols/flv/flv-writer.ts';
import type { QueuedFrame } from './input-queue.ts';

/**
 * A child's timestamps begin here. FLV has no negative ones, and ffmpeg shifts a whole output to avoid them: AAC's priming
 * frame comes before the first.
 */
const HEADROOM_MS = 1_000;

/** A child's input: frames as FLV tags. FLV counts milliseconds, as RTMP does: video from RTMP goes through exactly. */
export class FlvInput {
  /** What was taken off the timestamps. */
  readonly baseMs: number;

  /** `startMs`: decoding time of the first keyframe. */
  constructor(startMs: number) {
    this.baseMs = Math.floor(startMs) - HEADROOM_MS;
  }

  /** Everything before the first frame: a reader knows its tracks without having seen one. */
  opening({ video, audio }: MediaTracks, framesPerSecond: number): Uint8Array[] {
    return [
      encodeFlvHeader({ hasVideo: true, hasAudio: audio !== undefined }),
      // Rate control goes by it where the SPS does not say.
      ...encodeFlvMetadata({ framerate: framesPerSecond }),
      ...encodeAvcSequenceHeader(HEADROOM_MS, video.decoderConfiguration),
      ...(audio === undefined
        ? []
        : encodeAacSequenceHeader(HEADROOM_MS, audio.decoderConfiguration)),
    ];
  }

  tag({ frame, timeMs }: QueuedFrame): Uint8Array[] {
    const timestampMs = Math.round(timeMs) - this.baseMs;
    if (frame.kind === 'audio') return encodeAacFrame(timestampMs, frame.payload);
    const presentedTicks = frame.dtsTicks + frame.ctsOffsetTicks;
    const presentedMs = rescale(presentedTicks, VIDEO_TIMESCALE, 1000) - this.baseMs;
    return encodeAvcFrame({
      timestampMs,
      compositionTimeMs: presentedMs - timestampMs,
      isKeyframe: frame.isKeyframe,
      payload: frame.payload,
    });
  }
}

/** A frame's decoding time in milliseconds. */
export function frameTimeMs(frame: Frame, tracks: MediaTracks): number {
  const timescale = frame.kind === 'video' ? VIDEO_TIMESCALE : tracks.audio?.timescale;
  return (frame.dtsTicks * 1000) / (timescale ?? VIDEO_TIMESCALE);
}
