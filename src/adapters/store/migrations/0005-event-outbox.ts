import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const eventOutbox: Migration = { up };

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  // Not the database's own numbering: PostgreSQL hands numbers out before they are committed, and a reader would pass by
  // the ones that come late. Whoever has this row's lock commits first.
  await schema
    .createTable('event_sequence')
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('newest', 'bigint', (column) => column.notNull())
    .execute();
  await (db as Kysely<{ event_sequence: { id: number; newest: number } }>)
    .insertInto('event_sequence')
    .values({ id: 1, newest: 0 })
    .execute();

  // No foreign key to the session: an event that is on its way outlives it.
  await schema
    .createTable('outbox_event')
    .addColumn('sequence', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('recorded_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('channel', 'text')
    .addColumn('event', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('outbox_event_by_time')
    .on('outbox_event')
    .column('recorded_at_ms')
    .execute();

  await schema
    .createTable('event_target')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('delivered_through', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('event_dead_letter')
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('recorded_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('channel', 'text')
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('failed_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('is_replaying', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('event_dead_letter_primary_key', ['target', 'sequence'])
    .execute();
}
