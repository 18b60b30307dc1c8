import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/**
 * The two ways to one database. A read may use a connection that no write holds up, and sees every write that was
 * acknowledged before. With PostgreSQL both are the same pool.
 */
export interface Database {
  readonly reads: Kysely<Schema>;
  readonly writes: Kysely<Schema>;
}

/** All that `work` writes, or nothing of it where it throws. */
export function inWriteTransaction<T>(
  { writes }: Database,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return writes.transaction().execute(work);
}

/** What `work` reads is of one moment. */
export function inReadTransaction<T>(
  { reads }: Database,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return reads
    .transaction()
    .setAccessMode('read only')
    .setIsolationLevel('repeatable read')
    .execute(work);
}
