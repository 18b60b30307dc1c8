import type {
  DisconnectReason,
  EncoderMetadata,
  Publication,
  PublicationEnd,
  PublishRefusal,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { AudioTrack, Frame, MediaTracks, VideoTrack } from '../media/frame.ts';

/** Topic `ingest`: a worker's encoders on their way to the main process. Subject: the worker's number for the publication. */
export type FromEncoder =
  | (Pick<PublishRequest, 'connectionId' | 'protocol' | 'remoteAddress' | 'streamKey'> & {
      readonly kind: 'publish';
      readonly parameters: readonly (readonly [string, string])[];
    })
  | { readonly kind: 'metadata'; readonly metadata: EncoderMetadata }
  | { readonly kind: 'timed-metadata'; readonly text: string; readonly ticks: Ticks }
  /** With the decoder configurations as its payload: the video's, then the audio's. */
  | {
      readonly kind: 'tracks';
      readonly video: Omit<VideoTrack, 'decoderConfiguration'>;
      readonly audio?: Omit<AudioTrack, 'decoderConfiguration'>;
      readonly videoConfigurationBytes: number;
    }
  | { readonly kind: 'discontinuity' }
  /** Media messages that no frame came of. */
  | ({ readonly kind: 'received' } & ReceivedBytes)
  | { readonly kind: 'end'; readonly end: PublicationEnd };

export type ToEncoder =
  | ({ readonly kind: 'accepted' } & Pick<Publication, 'logFields' | 'resumeAtMs'>)
  | {
      readonly kind: 'refused';
      readonly refusal: PublishRefusal;
      readonly channel?: string | undefined;
    }
  | { readonly kind: 'disconnect'; readonly reason: DisconnectReason };

/** Of media messages, since it was last said. */
export interface ReceivedBytes {
  readonly video: number;
  readonly audio: number;
}

/** In front of a frame's payload: a frame is a message without a detail. */
export const FRAME_HEADER_BYTES = 21;

const VIDEO_FLAG = 1;
const KEYFRAME_FLAG = 2;

/** `header` has `FRAME_HEADER_BYTES`. */
export function writeFrameHeader(header: Buffer, frame: Frame, received: ReceivedBytes): void {
  const { kind, isKeyframe } = frame;
  header[0] = (kind === 'video' ? VIDEO_FLAG : 0) | (isKeyframe ? KEYFRAME_FLAG : 0);
  header.writeDoubleLE(frame.dtsTicks, 1);
  header.writeInt32LE(frame.ctsOffsetTicks, 9);
  header.writeUInt32LE(received.video, 13);
  header.writeUInt32LE(received.audio, 17);
}

/** A frame over the memory of its message. */
export function readFrame(message: Uint8Array): {
  readonly frame: Frame;
  readonly received: ReceivedBytes;
} {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const flags = bytes.readUInt8(0);
  return {
    frame: {
      kind: flags & VIDEO_FLAG ? 'video' : 'audio',
      isKeyframe: (flags & KEYFRAME_FLAG) !== 0,
      dtsTicks: bytes.readDoubleLE(1),
      ctsOffsetTicks: bytes.readInt32LE(9),
      payload: bytes.subarray(FRAME_HEADER_BYTES),
    },
    received: { video: bytes.readUInt32LE(13), audio: bytes.readUInt32LE(17) },
  };
}

export function tracksMessage(tracks: MediaTracks): {
  readonly detail: FromEncoder;
  readonly payload: readonly Uint8Array[];
} {
  const { decoderConfiguration: videoConfiguration, ...video } = tracks.video;
  const detail = {
    kind: 'tracks',
    video,
    videoConfigurationBytes: videoConfiguration.byteLength,
  } as const;
  if (!tracks.audio) return { detail, payload: [videoConfiguration] };
  const { decoderConfiguration: audioConfiguration, ...audio } = tracks.audio;
  return { detail: { ...detail, audio }, payload: [videoConfiguration, audioConfiguration] };
}

/** Copies what it takes of `payload`. */
export function readTracks(
  { video, audio, videoConfigurationBytes }: FromEncoder & { readonly kind: 'tracks' },
  payload: Uint8Array,
): MediaTracks {
  return {
    video: {
      ...video,
      decoderConfiguration: Uint8Array.from(payload.subarray(0, videoConfigurationBytes)),
    },
    ...(audio && {
      audio: {
        ...audio,
        decoderConfiguration: Uint8Array.from(payload.subarray(videoConfigurationBytes)),
      },
    }),
  };
}
