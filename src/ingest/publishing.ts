import type { ReceivedMedia } from '../domain/stream-measurements.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { FrameSink } from '../media/frame.ts';

/** What an encoder asked for, once it said `publish`. */
export interface PublishRequest {
  /** In every log line about it, on either side. */
  readonly connectionId: string;
  readonly protocol: 'rtmp' | 'rtmps';
  readonly remoteAddress: string;
  /** The stream name up to its `?`. A secret: never log it. */
  readonly streamKey: string;
  /** What followed the `?` of the stream name, parsed. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Ends the encoder's connection from our side; `reason` goes to its `onStatus` and the log. Idempotent. */
  disconnect(reason: DisconnectReason): void;
  /** What has come in of it, and is not handed over yet. By default nothing. */
  readonly underway?: () => ReceivedMedia;
}

/** Why we end a publisher's connection. */
export type DisconnectReason =
  | 'stopped-by-api'
  | 'shutting-down'
  | 'idle-timeout'
  | 'duration-limit'
  | 'ingest-limit'
  | 'transcode-capacity'
  | 'transcoding-failed'
  | 'not-packageable'
  | 'taken-over'
  | 'takeover-failed'
  | 'internal-failure';

/** Why a publish is not accepted; becomes the `onStatus` description and the log line. */
export type PublishRefusal =
  | 'unknown-stream-key'
  | 'insecure-ingest-not-allowed'
  | 'channel-already-live'
  | 'takeover-invalid-priority'
  | 'takeover-limit'
  | 'transcode-capacity'
  | 'concurrent-streams'
  | 'service-unavailable';

export type PublishDecision =
  | { readonly accepted: true; readonly publication: Publication }
  | {
      readonly accepted: false;
      readonly refusal: PublishRefusal;
      /** The channel's ARN, where the key is one's: for the log. */
      readonly channel?: string | undefined;
    };

/** How a publication ended, as far as the connection can tell. */
export type PublicationEnd =
  /** FCUnpublish, deleteStream or closeStream: the encoder meant it. */
  | { readonly kind: 'unpublished' }
  /** The connection went away without a word. */
  | { readonly kind: 'connection-lost' }
  /** We ended it. */
  | { readonly kind: 'disconnected'; readonly reason: DisconnectReason }
  /** The encoder sent what we can't take; `detail` says what. */
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly detail: string };

export type RejectionCode =
  | 'unsupported-codec'
  | 'audio-only'
  | 'implausible-timestamps'
  | 'protocol-violation';

/** What the encoder says about itself in `onMetaData`; every member is a claim, not a measurement. */
export interface EncoderMetadata {
  readonly encoder?: string;
  readonly videoBitrateBps?: number;
  readonly audioBitrateBps?: number;
  readonly frameRate?: number;
  readonly width?: number;
  readonly height?: number;
}

/**
 * One accepted publisher. Frames go in through `FrameSink`; `end` is called exactly once and last.
 * `received` counts every media message's bytes as it arrives, before any decision about it.
 */
export interface Publication extends FrameSink {
  /** What the log lines of its connection name. */
  readonly logFields: { readonly channel: string; readonly stream: string };
  /** Where the stream's timeline goes on after an earlier encoder's: the time of this one's first keyframe. 0 for the first. */
  readonly resumeAtMs: number;
  /**
   * Frames before this time (90 kHz, on the timeline of the frames) need not be delivered one by one: as long as the pace is kept, none
   * of them ends a part, so they may be handed over together with the first frame at or after it. Keyframes are never held back; sound
   * may be until one second later (packaging's `MAX_AUDIO_LEAD_TICKS`). `undefined`: deliver every frame at once.
   */
  readonly awaitedTicks?: Ticks | undefined;
  metadata(metadata: EncoderMetadata): void;
  /** A text of at most 1 KB for a moment of the stream; `ticks`: 90 kHz, on the timeline of the frames. */
  timedMetadata(text: string, ticks: Ticks): void;
  received(kind: 'video' | 'audio', byteLength: number): void;
  end(end: PublicationEnd): void;
}

/** Decides who may publish. Implemented by `live/live-registry.ts`. */
export interface PublishGate {
  publish(request: PublishRequest): Promise<PublishDecision>;
}
