import { type Database, inWriteTransaction } from './database.ts';

/** All others go with these, by their foreign keys. */
export const ROOT_TABLES = [
  'tenant',
  'channel',
  'stream_session',
  'playback_key_pair',
  'playback_restriction_policy',
  'recording_configuration',
  'ad_configuration',
  'metric_series',
] as const;

/** Every record of every tenant, in one transaction. */
export function deleteEverything(database: Database): Promise<void> {
  return inWriteTransaction(database, async (transaction) => {
    for (const table of ROOT_TABLES) await transaction.deleteFrom(table).execute();
  });
}
