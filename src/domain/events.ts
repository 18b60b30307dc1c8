import type { Tenant } from './tenant.ts';

/** The detail-types of IVS's EventBridge events. */
export type StreamEventType =
  | 'IVS Stream State Change'
  | 'IVS Stream Health Change'
  | 'IVS Limit Breach'
  | 'IVS Ad Break State Change'
  | 'IVS Recording State Change';

/** Every event a stream can have, by its detail-type. The one list. */
export const STREAM_EVENTS = {
  'Session Created': 'IVS Stream State Change',
  'Stream Start': 'IVS Stream State Change',
  'Stream End': 'IVS Stream State Change',
  'Session Ended': 'IVS Stream State Change',
  'Stream Failure': 'IVS Stream State Change',
  'Stream Takeover': 'IVS Stream State Change',
  'Stream Takeover Failure': 'IVS Stream State Change',
  'Starvation Start': 'IVS Stream Health Change',
  'Starvation End': 'IVS Stream Health Change',
  'Ingest Bitrate': 'IVS Limit Breach',
  'Ingest Resolution': 'IVS Limit Breach',
  'Concurrent Broadcasts': 'IVS Limit Breach',
  'Concurrent Viewers': 'IVS Limit Breach',
  'Ad Break Inserted': 'IVS Ad Break State Change',
  'Recording Start': 'IVS Recording State Change',
  'Recording End': 'IVS Recording State Change',
  'Recording Start Failure': 'IVS Recording State Change',
  'Recording End Failure': 'IVS Recording State Change',
} as const satisfies Record<string, StreamEventType>;

type NameOf<Type extends StreamEventType> = {
  [Name in keyof typeof STREAM_EVENTS]: (typeof STREAM_EVENTS)[Name] extends Type ? Name : never;
}[keyof typeof STREAM_EVENTS];

/** What IVS calls the `event_name` of an event. */
export type StreamEventName = NameOf<'IVS Stream State Change' | 'IVS Stream Health Change'>;

/** What IVS calls the `limit_name` of an event. */
export type LimitName = NameOf<'IVS Limit Breach'>;

/** What IVS calls the `recording_status` of an event. */
export type RecordingStatus = NameOf<'IVS Recording State Change'>;

/** A limit that was exceeded, with the members of IVS's event. */
export type LimitBreach = {
  readonly limitValue: number;
  /** How far above the limit, in its unit. */
  readonly exceededBy: number;
} & (
  | { readonly limitName: 'Ingest Bitrate'; readonly limitUnit: 'bits per second' }
  | {
      readonly limitName: 'Ingest Resolution';
      readonly limitUnit: 'total pixels' | 'pixels per edge';
    }
  | { readonly limitName: 'Concurrent Broadcasts'; readonly limitUnit: 'active streams' }
  | { readonly limitName: 'Concurrent Viewers'; readonly limitUnit: 'viewers' }
);

/** A limit on all streams of an account in a region together: its events are of no channel. */
export type AccountLimitBreach = Extract<
  LimitBreach,
  { limitName: 'Concurrent Broadcasts' | 'Concurrent Viewers' }
>;

/** The stream or its health changed. */
export interface StreamChange {
  readonly name: StreamEventName;
  readonly timeMs: number;
  /** Only with the coded failures. */
  readonly code?: string;
  /** Only with Stream Failure: a sentence for people. */
  readonly reason?: string;
}

/** A limit was exceeded: `LimitBreach`, its limit's name being the event's. */
export interface LimitBreachEvent {
  readonly name: LimitName;
  readonly timeMs: number;
  readonly limitValue: number;
  readonly exceededBy: number;
  readonly limitUnit: LimitBreach['limitUnit'];
}

/** A recording began, ended or failed, with the members of IVS's event. */
export interface RecordingEvent {
  readonly name: RecordingStatus;
  readonly timeMs: number;
  /** Empty where nothing failed. */
  readonly reason: '' | 'ValidationException' | 'InternalServerException';
  readonly bucketName: string;
  readonly keyPrefix: string;
  /** 0 at its start. */
  readonly durationMs: number;
  readonly recordingSessionId: string;
  /** Every stream in it, at its end. */
  readonly recordingSessionStreamIds?: readonly string[];
}

/** An ad break is on its way into the stream. */
export interface AdBreakEvent {
  readonly name: 'Ad Break Inserted';
  readonly timeMs: number;
  readonly adBreakId: string;
  readonly durationSeconds: number;
  readonly targetStartTimeMs: number;
}

/** A fact about a stream. Stated once; the session's history, the log and whoever else listens read the same one. */
export type StreamEvent = StreamChange | LimitBreachEvent | AdBreakEvent | RecordingEvent;

/** A fact as it leaves the house: numbered, and with an id that stays the same however often it is told. */
export interface OutboxEvent extends Tenant {
  /** Counts up without gaps, over all tenants. */
  readonly sequence: number;
  /** A UUID. */
  readonly id: string;
  /** By the wall clock, when it was written down: later than its own time where it was found out afterwards. */
  readonly recordedAtMs: number;
  /** Absent: it is of the account, and of no channel. The name is that of the moment. */
  readonly channel?: {
    readonly arn: string;
    readonly name: string;
    readonly streamId: string;
  };
  readonly event: StreamEvent;
}

/** The reason of a Stream Failure where the machine has no room for another ladder, in IVS's words. */
export const TRANSCODE_CAPACITY_EXCEEDED = 'Transcode capacity exceeded. Please try again.';

/** The reason of a Stream Failure where ffmpeg dies before it has made a picture, whenever it is started. */
export const TRANSCODING_FAILED =
  'Transcoding failed: ffmpeg ended again and again before the first picture.';

export function limitBreachEvent(
  { limitName, ...members }: LimitBreach,
  timeMs: number,
): LimitBreachEvent {
  return { name: limitName, timeMs, ...members };
}

/** Events that make a session's `hasErrorEvent` true: "any failure or limit-breach event". */
export function isErrorEvent(name: StreamEvent['name']): boolean {
  return name.endsWith('Failure') || STREAM_EVENTS[name] === 'IVS Limit Breach';
}
