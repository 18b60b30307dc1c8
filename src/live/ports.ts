import type { ChannelRecord } from '../domain/channel.ts';
import type { StreamEvent } from '../domain/events.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../domain/stream-session.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Segment } from '../packaging/segment.ts';

/** Who a stream key belongs to. */
export interface ChannelDirectory {
  findChannelByStreamKey(streamKeyValue: string): Promise<ChannelRecord | undefined>;
}

/**
 * The history of streams, durable. Calls for one stream are made in order and take effect in order; a caller on the
 * media path does not wait for them. Rejects with `SessionGone` where no later attempt can succeed.
 */
export interface SessionLog {
  /**
   * Writes it down with the channel's recording configuration as it is at this moment, and returns that. Rejects with
   * `ChannelChanged` where the channel is not what the session says.
   */
  createSession(
    session: StreamSessionRecord,
    created: StreamEvent,
  ): Promise<RecordingConfigurationRecord | undefined>;
  setIngestConfiguration(streamId: string, ingest: IngestConfiguration): Promise<void>;
  /** With Stream Start, its time becomes the session's start. */
  appendEvents(streamId: string, events: readonly StreamEvent[]): Promise<void>;
  /** A fact of an account, and of no stream. */
  appendAccountEvent(tenant: Tenant, event: StreamEvent): Promise<void>;
  /** Sets the end time and appends the closing events, in one transaction. */
  endSession(streamId: string, endTimeMs: number, events: readonly StreamEvent[]): Promise<void>;
  /** Says that these sessions were alive at `atMs`: after a crash, that is when they ended. */
  heartbeat(streamIds: readonly string[], atMs: number): Promise<void>;
  /**
   * Ends every session that a crash left open: end time is its last heartbeat (or newest event, where later),
   * with Stream End (where it had started) and Session Ended. Returns how many there were.
   */
  endAbandonedSessions(): Promise<number>;
  /** Forgets sessions that ended before `beforeMs`. Returns how many. */
  deleteSessionsEndedBefore(beforeMs: number): Promise<number>;
}

/** A stream that is live, on a channel that has a recording configuration. */
export interface RecordableStream {
  readonly channel: ChannelRecord;
  readonly streamId: string;
  readonly startTimeMs: number;
  /** As it was when the session began. */
  readonly configuration: RecordingConfigurationRecord;
  /** Best first. */
  readonly windows: readonly LiveWindow[];
  readonly ingest: IngestConfiguration;
  /** Of the thumbnails that will come; `undefined`: none will. */
  readonly thumbnailSize: { readonly width: number; readonly height: number } | undefined;
}

/** Keeps streams. Implemented by `recording/recorder.ts`. */
export interface StreamRecorder {
  begin(stream: RecordableStream): StreamRecording;
}

/** Takes what it is told at once, and never throws: a recording in trouble is no trouble of the stream. */
export interface StreamRecording {
  /** False once it has failed, or has ended. */
  readonly isRecording: boolean;
  /** It has just completed; its parts have their bytes. */
  segment(window: LiveWindow, segment: Segment): void;
  thumbnail(jpeg: Uint8Array): void;
  /** No more segments. */
  end(): void;
}

/** The viewing sessions of a stream. Implemented by `delivery/viewer-sessions.ts`. */
export interface StreamViewers {
  /** Those that watch. */
  count(playbackId: string): number;
  /** Those of whom the country is known, by it. */
  countByCountry(playbackId: string): ReadonlyMap<string, number>;
  /** Those, and who may be about to. */
  countPresent(playbackId: string): number;
  cutViewer(playbackId: string, viewerId: string, versionsThrough: number): void;
  forget(playbackId: string): void;
}
