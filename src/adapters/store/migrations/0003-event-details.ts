import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const eventDetails: Migration = { up };

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('stream_event').addColumn('detail', 'text').execute();
}
