import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const usedPlaybackTokens: Migration = { up };

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('used_playback_token')
    .addColumn('channel_arn', 'text', (column) =>
      column.notNull().references('channel.arn').onDelete('cascade'),
    )
    .addColumn('uuid', 'text', (column) => column.notNull())
    .addColumn('expires_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('used_playback_token_primary_key', ['channel_arn', 'uuid'])
    .execute();
  await schema
    .createIndex('used_playback_token_by_expiry')
    .on('used_playback_token')
    .column('expires_at_ms')
    .execute();
}
