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
}

export interface StreamEventTable {
  stream_id: string;
  sequence: number;
  name: string;
  time_ms: number;
  code: string | null;
}
