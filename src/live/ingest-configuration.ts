import type { IngestConfiguration } from '../domain/stream-session.ts';
import type { EncoderMetadata } from '../ingest/publishing.ts';
import type { MediaTracks } from '../media/frame.ts';

/** What was counted, for encoders that don't say. */
export interface MeasuredIngest {
  readonly framesPerSecond: number;
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
}

/**
 * What GetStreamSession tells of the encoder: formats as the bitstream states them; targets as the encoder claims them in
 * `onMetaData`, where it does, and as measured where it does not.
 */
export function describeIngest(
  { video, audio }: MediaTracks,
  metadata: EncoderMetadata,
  measured: MeasuredIngest,
): IngestConfiguration {
  const frameRate = metadata.frameRate || video.declaredFrameRate || measured.framesPerSecond;
  return {
    video: {
      profile: video.profile,
      level: video.level,
      codec: video.codecString,
      encoder: metadata.encoder ?? '',
      targetBitrateBps: Math.round(metadata.videoBitrateBps || measured.videoBitrateBps),
      targetFrameRate: Math.round(frameRate),
      width: video.width,
      height: video.height,
    },
    ...(audio && {
      audio: {
        codec: audio.codecString,
        targetBitrateBps: Math.round(metadata.audioBitrateBps || measured.audioBitrateBps),
        sampleRate: audio.sampleRate,
        channelCount: audio.channelCount,
      },
    }),
  };
}
