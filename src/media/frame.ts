import type { Ticks } from '../lib/timescale.ts';

/** Every video track counts in these ticks: the MPEG system clock / 300, exact for milliseconds. */
export const VIDEO_TIMESCALE = 90_000;
export const VIDEO_TICKS_PER_MS = VIDEO_TIMESCALE / 1000;

/** H.264 as it will be written into an `avc1` sample entry. */
export interface VideoTrack {
  readonly kind: 'video';
  readonly codec: 'avc';
  readonly timescale: typeof VIDEO_TIMESCALE;
  /** AVCDecoderConfigurationRecord, ISO 14496-15 5.3.3.1. Defines the size of the payload's NAL unit lengths. */
  readonly decoderConfiguration: Uint8Array;
  /** RFC 6381, e.g. `avc1.64001F`. */
  readonly codecString: string;
  /** As IVS names them, e.g. `High` and `4.2`. */
  readonly profile: string;
  readonly level: string;
  readonly width: number;
  readonly height: number;
  /** Frames per second from the SPS's VUI, where it is there and believable. */
  readonly declaredFrameRate?: number;
}

/** AAC-LC as it will be written into an `mp4a` sample entry. */
export interface AudioTrack {
  readonly kind: 'audio';
  readonly codec: 'aac';
  /** The sampling rate: one tick is one sample. */
  readonly timescale: number;
  /** AudioSpecificConfig, ISO 14496-3 1.6.2.1. */
  readonly decoderConfiguration: Uint8Array;
  /** RFC 6381, e.g. `mp4a.40.2`. */
  readonly codecString: string;
  readonly sampleRate: number;
  readonly channelCount: number;
  /** 1024, or 960 where the AudioSpecificConfig says so. */
  readonly samplesPerFrame: number;
}

/** A stream always has video; it may have no audio. */
export interface MediaTracks {
  readonly video: VideoTrack;
  readonly audio?: AudioTrack;
}

/**
 * The currency between the stages: one access unit.
 * - `dtsTicks` in the timescale of the track of `kind`; per track strictly increasing between two
 *   `discontinuity()` calls, and both tracks share their zero.
 * - `payload`: length-prefixed NAL units (video), a raw AAC frame without ADTS (audio). On loan: where a packager takes it, only the
 *   packager gives it back (`lib/slab-pool.ts`); anyone else who keeps it beyond the call copies it.
 */
export interface Frame {
  readonly kind: 'video' | 'audio';
  readonly dtsTicks: Ticks;
  /** Presentation minus decoding time; 0 for audio. May be negative for nobody but broken encoders. */
  readonly ctsOffsetTicks: Ticks;
  /** Video: an IDR picture. Audio: true. */
  readonly isKeyframe: boolean;
  readonly payload: Uint8Array;
}

/**
 * Whoever takes frames. Order of calls: `tracks`, then frames; `tracks` again when a codec configuration changes
 * (the next video frame is then a keyframe); `discontinuity` when the timeline jumps (likewise). The first video
 * frame after each of them is a keyframe; audio before it is not handed over.
 */
export interface FrameSink {
  tracks(tracks: MediaTracks): void;
  frame(frame: Frame): void;
  discontinuity(): void;
}
