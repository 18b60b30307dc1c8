import { type OutboxEvent, STREAM_EVENTS, type StreamEvent } from '../domain/events.ts';

/**
 * An event as EventBridge delivers it.
 * Source: https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/eventbridge.html
 */
export interface Envelope {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: 'aws.ivs';
  readonly account: string;
  /** ISO 8601 in UTC, whole seconds. */
  readonly time: string;
  readonly region: string;
  /** The channel's ARN; empty where the event is of the account. */
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export function envelopeOf({ id, accountId, region, channel, event }: OutboxEvent): Envelope {
  const members = membersOf(event);
  return {
    version: '0',
    id,
    'detail-type': STREAM_EVENTS[event.name],
    source: 'aws.ivs',
    account: accountId,
    time: wholeSeconds(event.timeMs),
    region,
    resources: channel ? [channel.arn] : [],
    detail: channel
      ? { ...members, channel_name: channel.name, stream_id: channel.streamId }
      : members,
  };
}

function membersOf(event: StreamEvent): Readonly<Record<string, unknown>> {
  if ('limitUnit' in event) {
    return {
      limit_name: event.name,
      limit_value: event.limitValue,
      exceeded_by: event.exceededBy,
      limit_unit: event.limitUnit,
    };
  }
  if ('adBreakId' in event) {
    return {
      event_name: event.name,
      ad_break_id: event.adBreakId,
      duration_seconds: event.durationSeconds,
      target_start_time: wholeSeconds(event.targetStartTimeMs),
    };
  }
  if ('recordingSessionId' in event) {
    return {
      recording_status: event.name,
      recording_status_reason: event.reason,
      recording_s3_bucket_name: event.bucketName,
      recording_s3_key_prefix: event.keyPrefix,
      recording_duration_ms: event.durationMs,
      recording_session_id: event.recordingSessionId,
      ...(event.recordingSessionStreamIds && {
        recording_session_stream_ids: event.recordingSessionStreamIds,
      }),
    };
  }
  return {
    event_name: event.name,
    ...(event.code !== undefined && { code: event.code }),
    ...(event.reason !== undefined && { reason: event.reason }),
  };
}

/** `2017-06-12T10:23:43Z`: EventBridge has no fractions. */
const wholeSeconds = (timeMs: number): string =>
  `${new Date(timeMs).toISOString().slice(0, -'.000Z'.length)}Z`;
