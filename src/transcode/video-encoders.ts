import type { VideoEncoding } from '../domain/ladder.ts';
import type { VideoEncoder } from '../domain/video-encoder.ts';

export interface EncoderChoice {
  readonly encoder: VideoEncoder;
  /** VAAPI: the render node, where it is not the first one. */
  readonly device?: string;
}

interface EncoderOptions {
  /** Before the input. */
  readonly device: readonly string[];
  /** The end of each filter chain: what the encoder takes. */
  readonly filters: readonly string[];
  encoder(encoding: VideoEncoding): readonly string[];
  /** Frames from one keyframe to the next, at most. */
  keyframes(encoding: VideoEncoding): number;
}

const DEFAULT_VAAPI_DEVICE = '/dev/dri/renderD128';

/** From here on one core may not be enough for a frame. */
const TWO_THREADS_HEIGHT = 720;

/** Keyframes are the source's; ffmpeg's default of 12 frames is not meant. x264 takes up to 2^30. */
const SELDOM = 2 ** 30;
/** Drivers check it: five minutes of 60 fps is long enough. */
const SELDOM_IN_HARDWARE = 18_000;

const ASSUMED_FRAMES_PER_SECOND = 30;

/** What ffmpeg needs to know beside sizes and rates; every encoder is told not to look ahead. */
export function encoderOptions({ encoder, device }: EncoderChoice): EncoderOptions {
  const hardware = {
    device: [],
    filters: ['format=nv12'],
    keyframes: keyframes(SELDOM_IN_HARDWARE),
  };
  switch (encoder) {
    case 'libx264':
      return {
        device: [],
        filters: ['format=yuv420p'],
        encoder: (encoding) => [
          ...['-c:v', encoder, '-preset', 'veryfast', '-tune', 'zerolatency', '-sc_threshold', '0'],
          // Zero latency makes a slice a thread, which costs bits: as few as keep up.
          ...['-threads', encoding.height >= TWO_THREADS_HEIGHT ? '2' : '1'],
          // Zero latency's bits a frame go by the frame rate, and ffmpeg states the one before `select`.
          ...(encoding.framesPerSecond > 0
            ? ['-x264-params', `fps=${encoding.framesPerSecond.toFixed(3)}`]
            : []),
        ],
        keyframes: keyframes(SELDOM),
      };
    case 'h264_nvenc':
      return {
        ...hardware,
        encoder: () => [
          ...['-c:v', encoder, '-preset', 'p4', '-tune', 'ull', '-rc', 'cbr'],
          ...['-zerolatency', '1', '-delay', '0', '-forced-idr', '1', '-no-scenecut', '1'],
        ],
      };
    case 'h264_vaapi':
      return {
        ...hardware,
        device: ['-vaapi_device', device ?? DEFAULT_VAAPI_DEVICE],
        filters: ['format=nv12', 'hwupload'],
        encoder: () => ['-c:v', encoder, '-rc_mode', 'CBR', '-async_depth', '1'],
      };
    case 'h264_qsv':
      return {
        ...hardware,
        encoder: () => [
          ...['-c:v', encoder, '-preset', 'veryfast', '-async_depth', '1'],
          ...['-look_ahead', '0', '-forced_idr', '1'],
        ],
      };
    case 'h264_videotoolbox':
      return { ...hardware, encoder: () => ['-c:v', encoder, '-realtime', '1'] };
  }
}

const keyframes = (seldom: number) => (encoding: VideoEncoding) => {
  const { maxKeyframeIntervalSeconds } = encoding;
  if (maxKeyframeIntervalSeconds === undefined) return seldom;
  const framesPerSecond = encoding.framesPerSecond || ASSUMED_FRAMES_PER_SECOND;
  return Math.max(1, Math.round(maxKeyframeIntervalSeconds * framesPerSecond));
};
