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
  'outbox_event',
  'event_dead_letter',
  'metric_series',
] as const;

/** What a reset leaves: no record of anybody, and numbers that must not be given twice while targets and consoles listen. */
export const KEPT_TABLES = ['event_sequence', 'event_target'] as const;

/** Every record of every tenant, in one transaction. */
export function deleteEverything(database: Database): Promise<void> {
  return inWriteTransaction(database, async (transaction) => {
    for (const table of ROOT_TABLES) await transaction.deleteFrom(table).execute();
  });
}
