import type { ControlStore } from '../../control/ports.ts';
import { MAX_SESSION_EVENTS } from '../../domain/stream-session.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { type Database, inReadTransaction } from './database.ts';
import { eventFromRow, sessionFromRow } from './rows.ts';

type SessionHistory = Pick<
  ControlStore,
  'getStreamSession' | 'listStreamSessions' | 'hasStreamSessions'
>;

/** What `session-log.ts` wrote, read back. */
export function sessionHistory(database: Database): SessionHistory {
  return {
    getStreamSession(channelArn, streamId) {
      return inReadTransaction(database, async (transaction) => {
        let query = transaction
          .selectFrom('stream_session')
          .selectAll()
          .where('channel_arn', '=', channelArn);
        if (streamId !== undefined) query = query.where('stream_id', '=', streamId);
        const session = await query
          .orderBy('start_time_ms', 'desc')
          .orderBy('stream_id', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (!session) return undefined;
        const events = await transaction
          .selectFrom('stream_event')
          .select(['name', 'time_ms', 'code', 'detail'])
          .where('stream_id', '=', session.stream_id)
          .orderBy('sequence', 'desc')
          .limit(MAX_SESSION_EVENTS)
          .execute();
        return { ...sessionFromRow(session), events: events.map(eventFromRow) };
      });
    },

    async listStreamSessions(channelArn, { limit, after, notEndedBeforeMs }) {
      let query = database.reads
        .selectFrom('stream_session')
        .selectAll()
        .where('channel_arn', '=', channelArn)
        .where(({ eb, or }) =>
          or([eb('end_time_ms', 'is', null), eb('end_time_ms', '>=', notEndedBeforeMs)]),
        );
      if (after !== undefined) {
        const { atMs, key } = decodeCursor(after);
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('start_time_ms', 'stream_id'), '<', tuple(atMs, key)),
        );
      }
      const rows = await query
        .orderBy('start_time_ms', 'desc')
        .orderBy('stream_id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, {
        item: sessionFromRow,
        position: (row) => ({ atMs: row.start_time_ms, key: row.stream_id }),
      });
    },

    async hasStreamSessions(channelArn) {
      const row = await database.reads
        .selectFrom('stream_session')
        .select('stream_id')
        .where('channel_arn', '=', channelArn)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
