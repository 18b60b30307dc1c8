import type { Generated } from 'kysely';

/**
 * The tables, as every dialect has them: booleans are 0 or 1, moments are milliseconds since the Unix epoch, and
 * structures nobody searches in are JSON text. `migrations/` creates what is declared here.
 */
export interface Schema {
  tenant: TenantTable;
  channel: ChannelTable;
  stream_key: StreamKeyTable;
  stream_session: StreamSessionTable;
  stream_event: StreamEventTable;
  playback_key_pair: PlaybackKeyPairTable;
  playback_restriction_policy: PlaybackRestrictionPolicyTable;
  recording_configuration: RecordingConfigurationTable;
  ad_configuration: AdConfigurationTable;
  ad_break: AdBreakTable;
  viewer_session_revocation: ViewerSessionRevocationTable;
  used_playback_token: UsedPlaybackTokenTable;
  event_sequence: EventSequenceTable;
  outbox_event: OutboxEventTable;
  event_target: EventTargetTable;
  event_dead_letter: EventDeadLetterTable;
  metric_series: MetricSeriesTable;
  metric_minute: MetricMinuteTable;
  metric_seconds: MetricSecondsTable;
}

/** 0 or 1: PostgreSQL refuses a boolean for an integer column, SQLite has no booleans. */
export type Flag = 0 | 1;

/** What a quota is checked against: counting 100,000 rows at each CreateChannel would not do. */
export interface TenantTable {
  account_id: string;
  region: string;
  channel_count: number;
}

export interface ChannelTable {
  arn: string;
  id: string;
  account_id: string;
  region: string;
  created_at_ms: number;
  name: string;
  latency_mode: string;
  type: string;
  preset: string;
  container_format: string;
  authorized: Flag;
  insecure_ingest: Flag;
  /** null means none, here and below, so that partial indexes hold only the channels that have one. */
  recording_configuration_arn: string | null;
  playback_restriction_policy_arn: string | null;
  ad_configuration_arn: string | null;
  multitrack_input_configuration: string;
  srt_passphrase: string;
  tags: string;
}

export interface StreamKeyTable {
  arn: string;
  id: string;
  account_id: string;
  region: string;
  created_at_ms: number;
  channel_arn: string;
  value: string;
  /** Hex. What a publisher's key is looked up by: the time an index takes says nothing about the keys in it. */
  value_sha256: string;
  tags: string;
}

/** No foreign key to the channel: its sessions stay when it goes. */
export interface StreamSessionTable {
  stream_id: string;
  channel_arn: string;
  start_time_ms: number;
  end_time_ms: number | null;
  /** The newest of its heartbeats and events: where it ends if nobody comes back to end it. */
  last_alive_ms: number;
  /** Between Stream Start and Stream End. */
  is_streaming: Flag;
  has_error_event: Flag;
  /** Also the sequence number of its newest event. */
  event_count: number;
  channel: string;
  ingest: string | null;
  recording_configuration: string | null;
}

export interface StreamEventTable {
  stream_id: string;
  sequence: number;
  name: string;
  time_ms: number;
  code: string | null;
  /** The members that only some events have; null for none. */
  detail: string | null;
}

/** What a tenant has a few of, and channels refer to. */
export interface ResourceTable {
  arn: string;
  id: string;
  account_id: string;
  region: string;
  created_at_ms: number;
  name: string;
  tags: string;
}

export interface PlaybackKeyPairTable extends ResourceTable {
  /** Unique for a tenant. */
  public_key_pem: string;
  fingerprint: string;
}

export interface PlaybackRestrictionPolicyTable extends ResourceTable {
  allowed_countries: string;
  allowed_origins: string;
  enable_strict_origin_enforcement: Flag;
}

export interface RecordingConfigurationTable extends ResourceTable {
  state: string;
  bucket_name: string;
  recording_reconnect_window_seconds: number;
  thumbnail_configuration: string;
  rendition_configuration: string;
}

export interface AdConfigurationTable extends ResourceTable {
  playback_configuration_arns: string;
  post_roll_configuration: string;
}

/** It goes with its session. */
export interface AdBreakTable {
  id: string;
  channel_arn: string;
  stream_id: string;
  inserted_at_ms: number;
  duration_seconds: number;
  ends_at_ms: number;
}

/** It goes with its channel. */
export interface ViewerSessionRevocationTable {
  channel_arn: string;
  viewer_id: string;
  versions_through: number;
}

/** It goes with its channel, or once it has expired. */
export interface UsedPlaybackTokenTable {
  channel_arn: string;
  /** The token's claim `aws:single-use-uuid`. */
  uuid: string;
  expires_at_ms: number;
}

/** One row, 1: whoever writes an event holds its lock until the event can be read. */
export interface EventSequenceTable {
  id: number;
  newest: number;
}

export interface OutboxEventTable {
  sequence: number;
  /** A UUID. */
  id: string;
  recorded_at_ms: number;
  account_id: string;
  region: string;
  /** null: of the account. */
  channel: string | null;
  event: string;
}

export interface EventTargetTable {
  name: string;
  /** A sequence: it has had this one and all before. */
  delivered_through: number;
}

/** With the event itself, which it outlives. */
export interface EventDeadLetterTable extends OutboxEventTable {
  target: string;
  reason: string;
  attempts: number;
  failed_at_ms: number;
  is_replaying: Flag;
}

/** One metric with one set of dimensions; what was measured goes with it. */
export interface MetricSeriesTable {
  id: Generated<number>;
  account_id: string;
  region: string;
  metric: string;
  /** `Channel=abcdABCDefgh`; '' for none. */
  dimensions: string;
  /** Its newest minute. */
  last_minute_ms: number;
}

export interface MetricMinuteTable {
  series_id: number;
  start_ms: number;
  sample_count: number;
  sum: number;
  minimum: number;
  maximum: number;
}

/** Up to a minute of points of a second, packed: a row for each would be some hundred a second. */
export interface MetricSecondsTable {
  series_id: number;
  start_ms: number;
  points: Uint8Array;
}
