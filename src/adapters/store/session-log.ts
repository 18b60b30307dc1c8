import type { Transaction } from 'kysely';
import { isErrorEvent, type RecordingEvent, type StreamEvent } from '../../domain/events.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../../domain/stream-session.ts';
import type { SessionLog } from '../../live/ports.ts';
import type { RecordingHistory } from '../../recording/ports.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { recordingConfigurationFromRow } from './recording-configuration-records.ts';
import { eventToRow, toFlag } from './rows.ts';
import type { Schema } from './schema.ts';
import { Turnstile } from './turnstile.ts';

/** Rows of one statement: below every dialect's limit of parameters, and a delete of them takes milliseconds. */
const BATCH_SIZE = 500;

/** The history of streams in SQL. */
export class SqlSessionLog implements SessionLog, RecordingHistory {
  readonly #database: Database;
  /** What is called in order takes effect in order, whatever the pool of connections makes of it. */
  readonly #turnstile = new Turnstile();

  constructor(database: Database) {
    this.#database = database;
  }

  createSession(
    session: StreamSessionRecord,
    created: StreamEvent,
  ): Promise<RecordingConfigurationRecord | undefined> {
    return this.#write(async (transaction) => {
      const recordingConfiguration = await findRecordingConfiguration(transaction, session);
      await transaction
        .insertInto('stream_session')
        .values({
          stream_id: session.streamId,
          channel_arn: session.channelArn,
          start_time_ms: session.startTimeMs,
          end_time_ms: session.endTimeMs ?? null,
          last_alive_ms: session.startTimeMs,
          is_streaming: 0,
          has_error_event: toFlag(session.hasErrorEvent),
          event_count: 0,
          channel: JSON.stringify(session.channel),
          ingest: session.ingest ? JSON.stringify(session.ingest) : null,
          recording_configuration: recordingConfiguration
            ? JSON.stringify(recordingConfiguration)
            : null,
        })
        .execute();
      await appendEvents(transaction, session.streamId, [created]);
      return recordingConfiguration;
    });
  }

  async appendRecordingEvent(
    streamId: string,
    event: RecordingEvent,
    unless: readonly RecordingEvent['name'][],
  ): Promise<void> {
    await this.#write(async (transaction) => {
      const session = await transaction
        .selectFrom('stream_session')
        .select('stream_id')
        .where('stream_id', '=', streamId)
        .executeTakeFirst();
      const told = await transaction
        .selectFrom('stream_event')
        .select('name')
        .where('stream_id', '=', streamId)
        .where('name', 'in', unless)
        .executeTakeFirst();
      if (session && !told) await appendEvents(transaction, streamId, [event]);
    });
  }

  setIngestConfiguration(streamId: string, ingest: IngestConfiguration): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction
        .updateTable('stream_session')
        .set({ ingest: JSON.stringify(ingest) })
        .where('stream_id', '=', streamId)
        .execute();
    });
  }

  async appendEvents(streamId: string, events: readonly StreamEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.#write((transaction) => appendEvents(transaction, streamId, events));
  }

  endSession(streamId: string, endTimeMs: number, events: readonly StreamEvent[]): Promise<void> {
    return this.#write((transaction) => endSession(transaction, streamId, endTimeMs, events));
  }

  async heartbeat(streamIds: readonly string[], atMs: number): Promise<void> {
    if (streamIds.length === 0) return;
    await this.#write(async (transaction) => {
      for (let start = 0; start < streamIds.length; start += BATCH_SIZE) {
        await transaction
          .updateTable('stream_session')
          .set({ last_alive_ms: atMs })
          .where('stream_id', 'in', streamIds.slice(start, start + BATCH_SIZE))
          .where('end_time_ms', 'is', null)
          .where('last_alive_ms', '<', atMs)
          .execute();
      }
    });
  }

  endAbandonedSessions(): Promise<number> {
    return this.#write(async (transaction) => {
      const abandoned = await transaction
        .selectFrom('stream_session')
        .select(['stream_id', 'last_alive_ms', 'is_streaming'])
        .where('end_time_ms', 'is', null)
        .execute();
      for (const { stream_id, last_alive_ms, is_streaming } of abandoned) {
        const ended: StreamEvent = { name: 'Session Ended', timeMs: last_alive_ms };
        const events: StreamEvent[] =
          is_streaming === 1 ? [{ name: 'Stream End', timeMs: last_alive_ms }, ended] : [ended];
        await endSession(transaction, stream_id, last_alive_ms, events);
      }
      return abandoned.length;
    });
  }

  async deleteSessionsEndedBefore(beforeMs: number): Promise<number> {
    let total = 0;
    for (;;) {
      // A batch is a transaction: years of history must not hold up the events of a live stream.
      const count = await this.#write((transaction) => deleteBatch(transaction, beforeMs));
      total += count;
      if (count < BATCH_SIZE) return total;
    }
  }

  /** Resolves when what was called before has taken effect. */
  async drain(): Promise<void> {
    await this.#turnstile.run(async () => {});
  }

  #write<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#turnstile.run(() => inWriteTransaction(this.#database, work));
  }
}

/** As it is now: the session keeps it. */
async function findRecordingConfiguration(
  transaction: Transaction<Schema>,
  { channel }: StreamSessionRecord,
): Promise<RecordingConfigurationRecord | undefined> {
  if (channel.recordingConfigurationArn === '') return undefined;
  const row = await transaction
    .selectFrom('recording_configuration')
    .selectAll()
    .where('arn', '=', channel.recordingConfigurationArn)
    .executeTakeFirst();
  return row && recordingConfigurationFromRow(row);
}

async function appendEvents(
  transaction: Transaction<Schema>,
  streamId: string,
  events: readonly StreamEvent[],
): Promise<void> {
  const newestMs = Math.max(...events.map(({ timeMs }) => timeMs));
  const edge = events.findLast(({ name }) => name === 'Stream Start' || name === 'Stream End');
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
      ...(events.some(({ name }) => isErrorEvent(name)) && { has_error_event: 1 as const }),
    }))
    .where('stream_id', '=', streamId)
    .returning('event_count')
    .executeTakeFirst();
  if (!session) throw new Error(`cannot append events: there is no session ${streamId}`);

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
}

async function endSession(
  transaction: Transaction<Schema>,
  streamId: string,
  endTimeMs: number,
  events: readonly StreamEvent[],
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('stream_session')
    .set({ end_time_ms: endTimeMs })
    .where('stream_id', '=', streamId)
    .where('end_time_ms', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new Error(`cannot end session ${streamId}: it is not open`);
  if (events.length > 0) await appendEvents(transaction, streamId, events);
}

async function deleteBatch(transaction: Transaction<Schema>, beforeMs: number): Promise<number> {
  // Its events go with a session, by the foreign key.
  const { numDeletedRows } = await transaction
    .deleteFrom('stream_session')
    .where('stream_id', 'in', (query) =>
      query
        .selectFrom('stream_session')
        .select('stream_id')
        .where('end_time_ms', '<', beforeMs)
        .orderBy('end_time_ms')
        .limit(BATCH_SIZE),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
