import type { Transaction } from 'kysely';
import type { ChannelRecord } from '../../domain/channel.ts';
import { isErrorEvent, type StreamEvent } from '../../domain/events.ts';
import { SessionGone } from '../../domain/session-gone.ts';
import type { EventWriter } from './outbox.ts';
import { eventToRow, toFlag } from './rows.ts';
import type { Schema } from './schema.ts';

/**
 * Adds events to the history of a session and, in the same transaction, to the outbox. Whoever commits calls
 * `outbox.appended` then.
 */
export async function appendEvents(
  transaction: Transaction<Schema>,
  outbox: EventWriter,
  streamId: string,
  events: readonly StreamEvent[],
): Promise<void> {
  const newestMs = Math.max(...events.map(({ timeMs }) => timeMs));
  const edge = events.findLast(({ name }) => name === 'Stream Start' || name === 'Stream End');
  const start = events.find(({ name }) => name === 'Stream Start');
  const session = await transaction
    .updateTable('stream_session')
    .set(({ eb, case: when, ref }) => ({
      event_count: eb('event_count', '+', events.length),
      last_alive_ms: when()
        .when('last_alive_ms', '<', newestMs)
        .then(newestMs)
        .else(ref('last_alive_ms'))
        .end(),
      ...(edge && { is_streaming: toFlag(edge.name === 'Stream Start') }),
      ...(start && { start_time_ms: start.timeMs }),
      ...(events.some(({ name }) => isErrorEvent(name)) && { has_error_event: 1 as const }),
    }))
    .where('stream_id', '=', streamId)
    .returning(['event_count', 'channel'])
    .executeTakeFirst();
  if (!session) {
    throw new SessionGone(`cannot append events: there is no session ${streamId}`);
  }

  const firstSequence = session.event_count - events.length + 1;
  await transaction
    .insertInto('stream_event')
    .values(
      events.map((event, index) => ({
        stream_id: streamId,
        sequence: firstSequence + index,
        ...eventToRow(event),
      })),
    )
    .execute();

  const { accountId, region, arn, name }: ChannelRecord = JSON.parse(session.channel);
  await outbox.append(transaction, { accountId, region, channel: { arn, name, streamId } }, events);
}
