import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const configurationsPoliciesKeyPairs: Migration = { up };

async function up({ schema }: Kysely<unknown>): Promise<void> {
  const createResourceTable = async (
    name: string,
    addColumns: (table: CreateTableBuilder<string>) => CreateTableBuilder<string, string>,
  ): Promise<void> => {
    const table = schema
      .createTable(name)
      .addColumn('arn', 'text', (column) => column.primaryKey().notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('region', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('tags', 'text', (column) => column.notNull());
    await addColumns(table).execute();
    // Listings and quotas.
    await schema
      .createIndex(`${name}_by_creation`)
      .on(name)
      .columns(['account_id', 'region', 'created_at_ms', 'arn'])
      .execute();
  };

  await createResourceTable('playback_key_pair', (table) =>
    table
      .addColumn('public_key_pem', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull()),
  );
  await schema
    .createIndex('playback_key_pair_by_key')
    .unique()
    .on('playback_key_pair')
    .columns(['account_id', 'region', 'public_key_pem'])
    .execute();
  await createResourceTable('playback_restriction_policy', (table) =>
    table
      .addColumn('allowed_countries', 'text', (column) => column.notNull())
      .addColumn('allowed_origins', 'text', (column) => column.notNull())
      .addColumn('enable_strict_origin_enforcement', 'integer', (column) => column.notNull()),
  );
  await createResourceTable('recording_configuration', (table) =>
    table
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('bucket_name', 'text', (column) => column.notNull())
      .addColumn('recording_reconnect_window_seconds', 'integer', (column) => column.notNull())
      .addColumn('thumbnail_configuration', 'text', (column) => column.notNull())
      .addColumn('rendition_configuration', 'text', (column) => column.notNull()),
  );
  await createResourceTable('ad_configuration', (table) =>
    table
      .addColumn('playback_configuration_arns', 'text', (column) => column.notNull())
      .addColumn('post_roll_configuration', 'text', (column) => column.notNull()),
  );

  await schema
    .createTable('ad_break')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('channel_arn', 'text', (column) => column.notNull())
    .addColumn('stream_id', 'text', (column) =>
      column.notNull().references('stream_session.stream_id').onDelete('cascade'),
    )
    .addColumn('inserted_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('duration_seconds', 'integer', (column) => column.notNull())
    .addColumn('ends_at_ms', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('ad_break_by_stream')
    .on('ad_break')
    .columns(['stream_id', 'ends_at_ms'])
    .execute();

  await schema
    .createTable('viewer_session_revocation')
    .addColumn('channel_arn', 'text', (column) =>
      column.notNull().references('channel.arn').onDelete('cascade'),
    )
    .addColumn('viewer_id', 'text', (column) => column.notNull())
    .addColumn('versions_through', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('viewer_session_revocation_primary_key', ['channel_arn', 'viewer_id'])
    .execute();

  await schema.alterTable('stream_session').addColumn('recording_configuration', 'text').execute();
}
