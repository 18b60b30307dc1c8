import type { ControlStore } from '../../control/ports.ts';
import { lockChannel } from './channel-records.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { inOrderOf, positionByCreation, streamKeyFromRow, streamKeyToRow } from './rows.ts';

type StreamKeyRecords = Pick<
  ControlStore,
  'createStreamKey' | 'getStreamKey' | 'getStreamKeys' | 'listStreamKeys' | 'deleteStreamKey'
>;

export function streamKeyRecords(database: Database): StreamKeyRecords {
  return {
    createStreamKey(streamKey) {
      return inWriteTransaction(database, async (transaction) => {
        if (!(await lockChannel(transaction, streamKey.channelArn))) return 'channel-not-found';
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('stream_key')
          .values(streamKeyToRow(streamKey))
          .onConflict((conflict) => conflict.column('channel_arn').doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n ? 'created' : 'quota-exceeded';
      });
    },

    async getStreamKey(arn) {
      const row = await database.reads
        .selectFrom('stream_key')
        .selectAll()
        .where('arn', '=', arn)
        .executeTakeFirst();
      return row && streamKeyFromRow(row);
    },

    async getStreamKeys(arns) {
      if (arns.length === 0) return [];
      const rows = await database.reads
        .selectFrom('stream_key')
        .selectAll()
        .where('arn', 'in', arns)
        .execute();
      return inOrderOf(arns, rows.map(streamKeyFromRow));
    },

    async listStreamKeys(channelArn, page) {
      let query = database.reads
        .selectFrom('stream_key')
        .selectAll()
        .where('channel_arn', '=', channelArn);
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
      return pageOf(rows, page.limit, { item: streamKeyFromRow, position: positionByCreation });
    },

    async deleteStreamKey(arn) {
      const { numDeletedRows } = await database.writes
        .deleteFrom('stream_key')
        .where('arn', '=', arn)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },
  };
}
