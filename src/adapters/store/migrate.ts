import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from 'kysely/migration';
import { channelsKeysSessions } from './migrations/0001-channels-keys-sessions.ts';
import { configurationsPoliciesKeyPairs } from './migrations/0002-configurations-policies-key-pairs.ts';
import { eventDetails } from './migrations/0003-event-details.ts';
import { usedPlaybackTokens } from './migrations/0004-used-playback-tokens.ts';
import { eventOutbox } from './migrations/0005-event-outbox.ts';
import { metrics } from './migrations/0006-metrics.ts';
import type { Schema } from './schema.ts';
import { StoreError } from './store-error.ts';

/** In the order of their names; one that was released is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-channels-keys-sessions': channelsKeysSessions,
  '0002-configurations-policies-key-pairs': configurationsPoliciesKeyPairs,
  '0003-event-details': eventDetails,
  '0004-used-playback-tokens': usedPlaybackTokens,
  '0005-event-outbox': eventOutbox,
  '0006-metrics': metrics,
};

/**
 * Brings the tables up to date, all or nothing. Only one process may be here at a time.
 *
 * @throws StoreError where a newer Ivory has been at the database already or SQLite refuses; its message does not name the file
 */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const executed = await executedMigrations(db);
  const unknown = executed.filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0) {
    throw new StoreError(`a newer version of Ivory has changed it (${unknown.join(', ')})`);
  }
  // Kysely would look at every table again, which most starts do without.
  if (executed.length === Object.keys(MIGRATIONS).length) return;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) {
    const reason = error instanceof Error ? error.message : 'a migration failed';
    throw new StoreError(reason, { cause: error });
  }
}

async function executedMigrations(db: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return [];
  const rows = await db
    .withTables<{ [DEFAULT_MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select('name')
    .execute();
  return rows.map(({ name }) => name);
}
