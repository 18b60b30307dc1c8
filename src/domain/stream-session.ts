import type { ChannelRecord } from './channel.ts';
import type { StreamEvent } from './events.ts';
import type { RecordingConfigurationRecord } from './recording-configuration.ts';

export const STREAM_HEALTHS = ['HEALTHY', 'STARVING', 'UNKNOWN'] as const;
export type StreamHealth = (typeof STREAM_HEALTHS)[number];

/** What the encoder sends: measured, or claimed in `onMetaData` where only it can know (encoder, target bitrates). */
export interface IngestConfiguration {
  readonly video: {
    readonly profile: string;
    readonly level: string;
    readonly codec: string;
    readonly encoder: string;
    readonly targetBitrateBps: number;
    readonly targetFrameRate: number;
    readonly width: number;
    readonly height: number;
  };
  readonly audio?: {
    readonly codec: string;
    readonly targetBitrateBps: number;
    readonly sampleRate: number;
    readonly channelCount: number;
  };
}

/** One stream of a channel, as it is stored: `channel` is a snapshot of the channel when the session was created. */
export interface StreamSessionRecord {
  readonly streamId: string;
  readonly channelArn: string;
  readonly startTimeMs: number;
  /** Absent while it is on. */
  readonly endTimeMs?: number;
  readonly hasErrorEvent: boolean;
  readonly channel: ChannelRecord;
  /** Absent until the first keyframe. */
  readonly ingest?: IngestConfiguration;
  /** What the channel's recording configuration was when the session was created; absent where it had none. */
  readonly recordingConfiguration?: RecordingConfigurationRecord;
}

/** A session with the newest of its events, newest first. */
export interface StreamSessionDetail extends StreamSessionRecord {
  readonly events: readonly StreamEvent[];
}

/** GetStreamSession shows no more than this many events. */
export const MAX_SESSION_EVENTS = 500;

/** How long a past session can be listed: "session history 60 days" (IVS service quotas). */
export const SESSION_HISTORY_DAYS = 60;
