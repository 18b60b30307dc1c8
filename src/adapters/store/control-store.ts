import type { ControlStore } from '../../control/ports.ts';
import { channelRecords } from './channel-records.ts';
import type { Database } from './database.ts';
import { resourceTags } from './resource-tags.ts';
import { sessionHistory } from './session-history.ts';
import { streamKeyRecords } from './stream-key-records.ts';

/** The API's records in SQL; only what SQLite and PostgreSQL share is used. A file for each kind of resource. */
export function sqlControlStore(database: Database): ControlStore {
  return {
    ...channelRecords(database),
    ...streamKeyRecords(database),
    ...resourceTags(database),
    ...sessionHistory(database),
  };
}
