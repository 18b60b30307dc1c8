import { createHash } from 'node:crypto';
import type { ChannelRecord, Tags } from '../../domain/channel.ts';
import type { StreamEvent } from '../../domain/events.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import type { StreamSessionRecord } from '../../domain/stream-session.ts';
import type { Position } from './cursor.ts';
import type {
  ChannelTable,
  Flag,
  StreamEventTable,
  StreamKeyTable,
  StreamSessionTable,
} from './schema.ts';

/** Records to rows and back: the edge where dialects could differ. Rows are trusted, they are our own writing. */

export function channelToRow(channel: ChannelRecord): ChannelTable {
  return {
    arn: channel.arn,
    id: channel.id,
    account_id: channel.accountId,
    region: channel.region,
    created_at_ms: channel.createdAtMs,
    name: channel.name,
    latency_mode: channel.latencyMode,
    type: channel.type,
    preset: channel.preset,
    container_format: channel.containerFormat,
    authorized: toFlag(channel.authorized),
    insecure_ingest: toFlag(channel.insecureIngest),
    recording_configuration_arn: channel.recordingConfigurationArn || null,
    playback_restriction_policy_arn: channel.playbackRestrictionPolicyArn || null,
    ad_configuration_arn: channel.adConfigurationArn || null,
    multitrack_input_configuration: JSON.stringify(channel.multitrackInputConfiguration),
    srt_passphrase: channel.srtPassphrase,
    tags: JSON.stringify(channel.tags),
  };
}

export function channelFromRow(row: ChannelTable): ChannelRecord {
  return {
    arn: row.arn,
    id: row.id,
    accountId: row.account_id,
    region: row.region,
    createdAtMs: row.created_at_ms,
    name: row.name,
    latencyMode: row.latency_mode as ChannelRecord['latencyMode'],
    type: row.type as ChannelRecord['type'],
    preset: row.preset as ChannelRecord['preset'],
    containerFormat: row.container_format as ChannelRecord['containerFormat'],
    authorized: row.authorized === 1,
    insecureIngest: row.insecure_ingest === 1,
    recordingConfigurationArn: row.recording_configuration_arn ?? '',
    playbackRestrictionPolicyArn: row.playback_restriction_policy_arn ?? '',
    adConfigurationArn: row.ad_configuration_arn ?? '',
    multitrackInputConfiguration: JSON.parse(row.multitrack_input_configuration),
    srtPassphrase: row.srt_passphrase,
    tags: tagsFromText(row.tags),
  };
}

export function streamKeyToRow(streamKey: StreamKeyRecord): StreamKeyTable {
  return {
    arn: streamKey.arn,
    id: streamKey.id,
    account_id: streamKey.accountId,
    region: streamKey.region,
    created_at_ms: streamKey.createdAtMs,
    channel_arn: streamKey.channelArn,
    value: streamKey.value,
    value_sha256: sha256Hex(streamKey.value),
    tags: JSON.stringify(streamKey.tags),
  };
}

export function streamKeyFromRow(row: StreamKeyTable): StreamKeyRecord {
  return {
    arn: row.arn,
    id: row.id,
    accountId: row.account_id,
    region: row.region,
    createdAtMs: row.created_at_ms,
    channelArn: row.channel_arn,
    value: row.value,
    tags: tagsFromText(row.tags),
  };
}

export function sessionFromRow(row: StreamSessionTable): StreamSessionRecord {
  return {
    streamId: row.stream_id,
    channelArn: row.channel_arn,
    startTimeMs: row.start_time_ms,
    ...(row.end_time_ms !== null && { endTimeMs: row.end_time_ms }),
    hasErrorEvent: row.has_error_event === 1,
    channel: JSON.parse(row.channel),
    ...(row.ingest !== null && { ingest: JSON.parse(row.ingest) }),
    ...(row.recording_configuration !== null && {
      recordingConfiguration: JSON.parse(row.recording_configuration),
    }),
  };
}

type EventRow = Omit<StreamEventTable, 'stream_id' | 'sequence'>;

export function eventToRow(event: StreamEvent): EventRow {
  const { name, timeMs, code, ...detail }: StreamEvent & { readonly code?: string } = event;
  return {
    name,
    time_ms: timeMs,
    code: code ?? null,
    detail: Object.keys(detail).length > 0 ? JSON.stringify(detail) : null,
  };
}

export function eventFromRow(row: EventRow): StreamEvent {
  return {
    name: row.name,
    timeMs: row.time_ms,
    ...(row.code !== null && { code: row.code }),
    ...(row.detail !== null && JSON.parse(row.detail)),
  } as StreamEvent;
}

export const toFlag = (value: boolean): Flag => (value ? 1 : 0);

export const tagsFromText = (text: string): Tags => JSON.parse(text);

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export function positionByCreation(row: { created_at_ms: number; arn: string }): Position {
  return { atMs: row.created_at_ms, key: row.arn };
}

/** As the caller named them, each once. */
export function inOrderOf<T extends { readonly arn: string }>(
  arns: readonly string[],
  records: readonly T[],
): readonly T[] {
  const byArn = new Map(records.map((record) => [record.arn, record]));
  return [...new Set(arns)].flatMap((arn) => byArn.get(arn) ?? []);
}
