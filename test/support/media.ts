import {
  type Frame,
  type FrameSink,
  type MediaTracks,
  VIDEO_TIMESCALE,
} from '../../src/media/frame.ts';

/** A real avcC, of 1280×720 High, so that init segments are what players see. */
const AVCC = Buffer.from(
  '0164001fffe1001a6764001facd9405005bb0110000003001000000303c0f18319600100 0668ebe3cb22c0'.replace(
    ' ',
    '',
  ),
  'hex',
);

export const TRACKS: MediaTracks = {
  video: {
    kind: 'video',
    codec: 'avc',
    timescale: VIDEO_TIMESCALE,
    decoderConfiguration: AVCC,
    codecString: 'avc1.64001F',
    profile: 'High',
    level: '3.1',
    width: 1280,
    height: 720,
  },
  audio: {
    kind: 'audio',
    codec: 'aac',
    timescale: 48_000,
    decoderConfiguration: Uint8Array.of(0x11, 0x90),
    codecString: 'mp4a.40.2',
    sampleRate: 48_000,
    channelCount: 2,
    samplesPerFrame: 1024,
  },
};

export const videoFrame = (ms: number, isKeyframe: boolean): Frame => ({
  kind: 'video',
  dtsTicks: Math.round(ms) * 90,
  ctsOffsetTicks: 0,
  isKeyframe,
  payload: new Uint8Array(1000),
});

export const audioFrame = (n: number): Frame => ({
  kind: 'audio',
  dtsTicks: n * 1024,
  ctsOffsetTicks: 0,
  isKeyframe: true,
  payload: new Uint8Array(300),
});

/**
 * Publishes `[fromMs, toMs)` of 30 frames a second with two-second keyframes, sound interleaved. `before` is told each
 * frame's time just before the frame.
 */
export function feed(
  sink: Pick<FrameSink, 'frame'>,
  fromMs: number,
  toMs: number,
  before: (atMs: number) => void = () => {},
): void {
  const frames: { atMs: number; frame: Frame }[] = [];
  for (let n = Math.ceil(fromMs * 0.03); n / 0.03 < toMs; n++) {
    frames.push({ atMs: n / 0.03, frame: videoFrame(n / 0.03, n % 60 === 0) });
  }
  for (let n = Math.ceil((fromMs * 48) / 1024); (n * 1024) / 48 < toMs; n++) {
    frames.push({ atMs: (n * 1024) / 48, frame: audioFrame(n) });
  }
  frames.sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, frame } of frames) {
    before(atMs);
    sink.frame(frame);
  }
}
