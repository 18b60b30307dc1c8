import type { Transaction } from 'kysely';
import type { ResourceRecords } from '../../control/ports.ts';
import type { Tags } from '../../domain/channel.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { positionByCreation, tagsFromText } from './rows.ts';
import type { ChannelTable, ResourceTable, Schema } from './schema.ts';

export type ResourceTableName =
  | 'playback_key_pair'
  | 'playback_restriction_policy'
  | 'recording_configuration'
  | 'ad_configuration';

/** What tells one kind of resource from another. */
export interface ResourceKind<Resource, Table extends ResourceTableName> {
  readonly table: Table;
  /** The column by which channels refer to it. */
  readonly reference?: keyof ChannelTable & `${string}_arn`;
  toRow(resource: Resource): Schema[Table];
  fromRow(row: Schema[Table]): Resource;
}

/** What every kind of resource has. */
interface Common extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly createdAtMs: number;
  readonly name: string;
  readonly tags: Tags;
}

export function resourceRecords<Resource extends Common, Table extends ResourceTableName>(
  database: Database,
  kind: ResourceKind<Resource, Table>,
): ResourceRecords<Resource> {
  // Kysely's types can't follow a table that is a parameter: to them it is a table with the columns all of these have,
  // and the rest of a row comes and goes through `kind`.
  const table: ResourceTableName = kind.table;
  const rowOf = (resource: Resource) => kind.toRow(resource) as never;
  const resourceOf = (row: unknown) => kind.fromRow(row as Schema[Table]);

  return {
    create(resource, maxCount) {
      return inWriteTransaction(database, async (transaction) => {
        await lockTenant(transaction, resource);
        const { count } = await transaction
          .selectFrom(table)
          .select(({ fn }) => fn.countAll<number | bigint>().as('count'))
          .where('account_id', '=', resource.accountId)
          .where('region', '=', resource.region)
          .executeTakeFirstOrThrow();
        // Tried first: one who has this already is told so, quota or no quota.
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto(table)
          .values(rowOf(resource))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return 'already-exists';
        if (Number(count) < maxCount) return 'created';
        await transaction.deleteFrom(table).where('arn', '=', resource.arn).execute();
        return 'quota-exceeded';
      });
    },

    async get(arn) {
      const row = await database.reads
        .selectFrom(table)
        .selectAll()
        .where('arn', '=', arn)
        .executeTakeFirst();
      return row && resourceOf(row);
    },

    async list({ accountId, region }, page) {
      let query = database.reads
        .selectFrom(table)
        .selectAll()
        .where('account_id', '=', accountId)
        .where('region', '=', region);
      if (page.after !== undefined) {
        const { atMs, key } = decodeCursor(page.after);
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('created_at_ms', 'arn'), '>', tuple(atMs, key)),
        );
      }
      const rows = await query
        .orderBy('created_at_ms')
        .orderBy('arn')
        .limit(page.limit + 1)
        .execute();
      return pageOf(rows, page.limit, { item: resourceOf, position: positionByCreation });
    },

    update(arn, change) {
      return inWriteTransaction(database, async (transaction) => {
        const row = await lockResource(transaction, table, arn);
        if (!row) return undefined;
        const changed = change(resourceOf(row));
        await transaction.updateTable(table).set(rowOf(changed)).where('arn', '=', arn).execute();
        return changed;
      });
    },

    delete(arn) {
      return inWriteTransaction(database, async (transaction) => {
        // Who makes a channel refer to it takes the same lock: after this nobody can.
        if (!(await lockResource(transaction, table, arn))) return 'not-found';
        if (kind.reference && (await isReferredTo(transaction, kind.reference, arn))) {
          return 'in-use';
        }
        await transaction.deleteFrom(table).where('arn', '=', arn).execute();
        return 'deleted';
      });
    },
  };
}

/** The columns that all kinds have. */
export function resourceToRow(resource: Common): ResourceTable {
  return {
    arn: resource.arn,
    id: resource.id,
    account_id: resource.accountId,
    region: resource.region,
    created_at_ms: resource.createdAtMs,
    name: resource.name,
    tags: JSON.stringify(resource.tags),
  };
}

export function resourceFromRow(row: ResourceTable): Common {
  return {
    arn: row.arn,
    id: row.id,
    accountId: row.account_id,
    region: row.region,
    createdAtMs: row.created_at_ms,
    name: row.name,
    tags: tagsFromText(row.tags),
  };
}

/** Whether all that a channel refers to is there. It stays until this transaction is over. */
export async function lockAttachments(
  transaction: Transaction<Schema>,
  channel: ChannelTable,
): Promise<boolean> {
  for (const [table, arn] of [
    ['recording_configuration', channel.recording_configuration_arn],
    ['playback_restriction_policy', channel.playback_restriction_policy_arn],
    ['ad_configuration', channel.ad_configuration_arn],
  ] as const) {
    if (arn !== null && !(await lockResource(transaction, table, arn))) return false;
  }
  return true;
}

/** Makes the creations of one tenant wait for each other, so that a count stays true; as `lockChannel` does. */
async function lockTenant(
  transaction: Transaction<Schema>,
  { accountId, region }: Tenant,
): Promise<void> {
  await transaction
    .insertInto('tenant')
    .values({ account_id: accountId, region, channel_count: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'region'])
        .doUpdateSet(({ ref }) => ({ channel_count: ref('tenant.channel_count') })),
    )
    .execute();
}

/** Reads a row that this transaction alone may change from now on; as `lockChannel` does. */
function lockResource(
  transaction: Transaction<Schema>,
  table: ResourceTableName,
  arn: string,
): Promise<unknown> {
  return transaction
    .updateTable(table)
    .set(({ ref }) => ({ tags: ref('tags') }))
    .where('arn', '=', arn)
    .returningAll()
    .executeTakeFirst();
}

async function isReferredTo(
  transaction: Transaction<Schema>,
  reference: keyof ChannelTable,
  arn: string,
): Promise<boolean> {
  const channel = await transaction
    .selectFrom('channel')
    .select('arn')
    .where(reference, '=', arn)
    .limit(1)
    .executeTakeFirst();
  return channel !== undefined;
}
