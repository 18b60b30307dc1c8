import type { ControlStore } from '../../control/ports.ts';
import { type Database, inWriteTransaction } from './database.ts';

export function adBreakRecords(database: Database): Pick<ControlStore, 'insertAdBreak'> {
  return {
    insertAdBreak({ id, channelArn, streamId, insertedAtMs, durationSeconds, endsAtMs }) {
      return inWriteTransaction(database, async (transaction) => {
        // The session's lock, taken as `lockChannel` takes a channel's: of two at once one waits for the other.
        await transaction
          .updateTable('stream_session')
          .set(({ ref }) => ({ event_count: ref('event_count') }))
          .where('stream_id', '=', streamId)
          .execute();
        const current = await transaction
          .selectFrom('ad_break')
          .select('id')
          .where('stream_id', '=', streamId)
          .where('ends_at_ms', '>', insertedAtMs)
          .limit(1)
          .executeTakeFirst();
        if (current) return 'in-progress';
        await transaction
          .insertInto('ad_break')
          .values({
            id,
            channel_arn: channelArn,
            stream_id: streamId,
            inserted_at_ms: insertedAtMs,
            duration_seconds: durationSeconds,
            ends_at_ms: endsAtMs,
          })
          .execute();
        return 'inserted';
      });
    },
  };
}
