import { type Expression, sql, type Transaction } from 'kysely';
import type { ChannelFilter, ControlStore } from '../../control/ports.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { lockAttachments } from './resource-records.ts';
import {
  channelFromRow,
  channelToRow,
  inOrderOf,
  positionByCreation,
  streamKeyToRow,
} from './rows.ts';
import type { Schema } from './schema.ts';

type ChannelRecords = Pick<
  ControlStore,
  | 'createChannel'
  | 'getChannel'
  | 'getChannels'
  | 'listChannels'
  | 'updateChannel'
  | 'deleteChannel'
>;

export function channelRecords(database: Database): ChannelRecords {
  return {
    createChannel(channel, streamKey, maxChannels) {
      return inWriteTransaction(database, async (transaction) => {
        const row = channelToRow(channel);
        if (!(await lockAttachments(transaction, row))) return 'attachment-gone';
        if (!(await takeChannelOfQuota(transaction, channel, maxChannels))) return 'quota-exceeded';
        await transaction.insertInto('channel').values(row).execute();
        await transaction.insertInto('stream_key').values(streamKeyToRow(streamKey)).execute();
        return 'created';
      });
    },

    async getChannel(arn) {
      const row = await database.reads
        .selectFrom('channel')
        .selectAll()
        .where('arn', '=', arn)
        .executeTakeFirst();
      return row && channelFromRow(row);
    },

    async getChannels(arns) {
      if (arns.length === 0) return [];
      const rows = await database.reads
        .selectFrom('channel')
        .selectAll()
        .where('arn', 'in', arns)
        .execute();
      return inOrderOf(arns, rows.map(channelFromRow));
    },

    async listChannels({ accountId, region }, filter, page) {
      let query = database.reads.selectFrom('channel').selectAll();
      query = isByAttachment(filter)
        ? query
            .where(({ ref }) => unindexed(ref('account_id')), '=', accountId)
            .where(({ ref }) => unindexed(ref('region')), '=', region)
        : query.where('account_id', '=', accountId).where('region', '=', region);
      if (filter.name !== undefined) query = query.where('name', '=', filter.name);
      for (const [column, arn] of [
        ['recording_configuration_arn', filter.recordingConfigurationArn],
        ['playback_restriction_policy_arn', filter.playbackRestrictionPolicyArn],
        ['ad_configuration_arn', filter.adConfigurationArn],
      ] as const) {
        if (arn === '') query = query.where(column, 'is', null);
        else if (arn !== undefined) query = query.where(column, '=', arn);
      }
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
      return pageOf(rows, page.limit, { item: channelFromRow, position: positionByCreation });
    },

    updateChannel(arn, change) {
      return inWriteTransaction(database, async (transaction) => {
        const row = await lockChannel(transaction, arn);
        if (!row) return undefined;
        const changed = change(channelFromRow(row));
        const changedRow = channelToRow(changed);
        if (!(await lockAttachments(transaction, changedRow))) return 'attachment-gone';
        await transaction.updateTable('channel').set(changedRow).where('arn', '=', arn).execute();
        return changed;
      });
    },

    deleteChannel(arn) {
      return inWriteTransaction(database, async (transaction) => {
        // Its stream key goes with it, by the foreign key.
        const deleted = await transaction
          .deleteFrom('channel')
          .where('arn', '=', arn)
          .returning(['account_id', 'region'])
          .executeTakeFirst();
        if (!deleted) return false;
        await transaction
          .updateTable('tenant')
          .set(({ eb }) => ({ channel_count: eb('channel_count', '-', 1) }))
          .where('account_id', '=', deleted.account_id)
          .where('region', '=', deleted.region)
          .execute();
        return true;
      });
    },
  };
}

function isByAttachment(filter: ChannelFilter): boolean {
  const { recordingConfigurationArn, playbackRestrictionPolicyArn, adConfigurationArn } = filter;
  return Boolean(recordingConfigurationArn || playbackRestrictionPolicyArn || adConfigurationArn);
}

/**
 * The same value, for which no index is looked at. Without it SQLite walks a tenant's channels in their order until it has found
 * enough of those that refer to something, though there is an index of these.
 */
const unindexed = (column: Expression<string>) => sql<string>`${column} || ''`;

/**
 * Reads a channel that this transaction alone may change from now on. An update that changes nothing takes the row's
 * lock in every dialect; SELECT … FOR UPDATE is unknown to SQLite.
 */
export function lockChannel(transaction: Transaction<Schema>, arn: string) {
  return transaction
    .updateTable('channel')
    .set(({ ref }) => ({ tags: ref('tags') }))
    .where('arn', '=', arn)
    .returningAll()
    .executeTakeFirst();
}

/** Counts one more channel of the tenant, unless it has `maxChannels`. */
async function takeChannelOfQuota(
  transaction: Transaction<Schema>,
  { accountId, region }: Tenant,
  maxChannels: number,
): Promise<boolean> {
  await transaction
    .insertInto('tenant')
    .values({ account_id: accountId, region, channel_count: 0 })
    .onConflict((conflict) => conflict.columns(['account_id', 'region']).doNothing())
    .execute();
  const { numUpdatedRows } = await transaction
    .updateTable('tenant')
    .set(({ eb }) => ({ channel_count: eb('channel_count', '+', 1) }))
    .where('account_id', '=', accountId)
    .where('region', '=', region)
    .where('channel_count', '<', maxChannels)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
