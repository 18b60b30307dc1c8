import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const channelsKeysSessions: Migration = { up };

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('tenant')
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('channel_count', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('tenant_primary_key', ['account_id', 'region'])
    .execute();

  await schema
    .createTable('channel')
    .addColumn('arn', 'text', (column) => column.primaryKey().notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('latency_mode', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('preset', 'text', (column) => column.notNull())
    .addColumn('container_format', 'text', (column) => column.notNull())
    .addColumn('authorized', 'integer', (column) => column.notNull())
    .addColumn('insecure_ingest', 'integer', (column) => column.notNull())
    .addColumn('recording_configuration_arn', 'text')
    .addColumn('playback_restriction_policy_arn', 'text')
    .addColumn('ad_configuration_arn', 'text')
    .addColumn('multitrack_input_configuration', 'text', (column) => column.notNull())
    .addColumn('srt_passphrase', 'text', (column) => column.notNull())
    .addColumn('tags', 'text', (column) => column.notNull())
    .execute();

  // A page of a listing is one walk along an index, whatever the filter.
  await schema
    .createIndex('channel_by_creation')
    .on('channel')
    .columns(['account_id', 'region', 'created_at_ms', 'arn'])
    .execute();
  await schema
    .createIndex('channel_by_name')
    .on('channel')
    .columns(['account_id', 'region', 'name', 'created_at_ms', 'arn'])
    .execute();
  await schema.createIndex('channel_by_id').on('channel').columns(['id']).execute();
  for (const reference of [
    'recording_configuration_arn',
    'playback_restriction_policy_arn',
    'ad_configuration_arn',
  ]) {
    await schema
      .createIndex(`channel_by_${reference}`)
      .on('channel')
      .columns([reference, 'created_at_ms', 'arn'])
      .where(reference, 'is not', null)
      .execute();
  }

  await schema
    .createTable('stream_key')
    .addColumn('arn', 'text', (column) => column.primaryKey().notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    // Unique: a channel has at most one key.
    .addColumn('channel_arn', 'text', (column) =>
      column.notNull().unique().references('channel.arn').onDelete('cascade'),
    )
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('value_sha256', 'text', (column) => column.notNull().unique())
    .addColumn('tags', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('stream_session')
    .addColumn('stream_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('channel_arn', 'text', (column) => column.notNull())
    .addColumn('start_time_ms', 'bigint', (column) => column.notNull())
    .addColumn('end_time_ms', 'bigint')
    .addColumn('last_alive_ms', 'bigint', (column) => column.notNull())
    .addColumn('is_streaming', 'integer', (column) => column.notNull())
    .addColumn('has_error_event', 'integer', (column) => column.notNull())
    .addColumn('event_count', 'integer', (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('ingest', 'text')
    .execute();
  await schema
    .createIndex('stream_session_by_channel')
    .on('stream_session')
    .columns(['channel_arn', 'start_time_ms', 'stream_id'])
    .execute();
  await schema
    .createIndex('stream_session_by_end')
    .on('stream_session')
    .column('end_time_ms')
    .execute();

  await schema
    .createTable('stream_event')
    .addColumn('stream_id', 'text', (column) =>
      column.notNull().references('stream_session.stream_id').onDelete('cascade'),
    )
    .addColumn('sequence', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('code', 'text')
    .addPrimaryKeyConstraint('stream_event_primary_key', ['stream_id', 'sequence'])
    .execute();
}
