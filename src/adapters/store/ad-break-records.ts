import type { ControlStore } from '../../control/ports.ts';
import { adBreakEvent } from '../../domain/ad-configuration.ts';
import { type Database, inWriteTransaction } from './database.ts';
import type { EventWriter } from './outbox.ts';
import { appendEvents } from './session-events.ts';

export function adBreakRecords(
  database: Database,
  outbox: EventWriter,
): Pick<ControlStore, 'insertAdBreak'> {
  return {
    async insertAdBreak(adBreak) {
      const { id, channelArn, streamId, insertedAtMs, durationSeconds, endsAtMs } = adBreak;
      const outcome = await inWriteTransaction(database, async (transaction) => {
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
        await appendEvents(transaction, outbox, streamId, [adBreakEvent(adBreak)]);
        return 'inserted';
      });
      if (outcome === 'inserted') outbox.appended();
      return outcome;
    },
  };
}
