import type { Transaction } from 'kysely';
import { ChannelChanged } from '../../domain/channel-changed.ts';
import type { RecordingEvent, StreamEvent } from '../../domain/events.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import { SessionGone } from '../../domain/session-gone.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../../domain/stream-session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { SessionLog } from '../../live/ports.ts';
import type { RecordingHistory } from '../../recording/ports.ts';
import { lockChannel } from './channel-records.ts';
import { type Database, inWriteTransaction } from './database.ts';
import type { EventWriter } from './outbox.ts';
import { recordingConfigurationFromRow } from './recording-configuration-records.ts';
import { channelToRow, toFlag } from './rows.ts';
import type { Schema } from './schema.ts';
import { appendEvents } from './session-events.ts';
import { Turnstile } from './turnstile.ts';

/** Rows of one statement: below every dialect's limit of parameters, and a delete of them takes milliseconds. */
const BATCH_SIZE = 500;

/** The history of streams in SQL. */
export class SqlSessionLog implements SessionLog, RecordingHistory {
  readonly #database: Database;
  readonly #outbox: EventWriter;
  /** What is called in order takes effect in order, whatever the pool of connections makes of it. */
  readonly #turnstile = new Turnstile();

  constructor(database: Database, outbox: EventWriter) {
    this.#database = database;
    this.#outbox = outbox;
  }

  createSession(
    session: StreamSessionRecord,
    created: StreamEvent,
  ): Promise<RecordingConfigurationRecord | undefined> {
    return this.#tell(async (transaction) => {
      await requireUnchanged(transaction, session);
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
      await appendEvents(transaction, this.#outbox, session.streamId, [created]);
      return recordingConfiguration;
    });
  }

  async appendRecordingEvent(
    streamId: string,
    event: RecordingEvent,
    unless: readonly RecordingEvent['name'][],
  ): Promise<void> {
    await this.#tell(async (transaction) => {
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
      if (session && !told) await appendEvents(transaction, this.#outbox, streamId, [event]);
    });
  }

  appendAccountEvent({ accountId, region }: Tenant, event: StreamEvent): Promise<void> {
    return this.#tell((transaction) =>
      this.#outbox.append(transaction, { accountId, region }, [event]),
    );
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
    await this.#tell((transaction) => appendEvents(transaction, this.#outbox, streamId, events));
  }

  endSession(streamId: string, endTimeMs: number, events: readonly StreamEvent[]): Promise<void> {
    return this.#tell((transaction) => this.#end(transaction, streamId, endTimeMs, events));
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
    return this.#tell(async (transaction) => {
      const abandoned = await transaction
        .selectFrom('stream_session')
        .select(['stream_id', 'last_alive_ms', 'is_streaming'])
        .where('end_time_ms', 'is', null)
        .execute();
      for (const { stream_id, last_alive_ms, is_streaming } of abandoned) {
        const ended: StreamEvent = { name: 'Session Ended', timeMs: last_alive_ms };
        const events: StreamEvent[] =
          is_streaming === 1 ? [{ name: 'Stream End', timeMs: last_alive_ms }, ended] : [ended];
        await this.#end(transaction, stream_id, last_alive_ms, events);
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

  async #end(
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
    if (numUpdatedRows !== 1n) {
      throw new SessionGone(`cannot end session ${streamId}: it is not open`);
    }
    if (events.length > 0) await appendEvents(transaction, this.#outbox, streamId, events);
  }

  /** As `#write`; there are events in it, which somebody may be waiting for. */
  async #tell<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    const result = await this.#write(work);
    this.#outbox.appended();
    return result;
  }

  #write<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#turnstile.run(() => inWriteTransaction(this.#database, work));
  }
}

/**
 * "Live channels cannot be updated": an update that did not see the session coming is one that the session must know. Tags are
 * changed at any time.
 */
async function requireUnchanged(
  transaction: Transaction<Schema>,
  { streamId, channel }: StreamSessionRecord,
): Promise<void> {
  const now: Readonly<Record<string, unknown>> | undefined = await lockChannel(
    transaction,
    channel.arn,
  );
  const { tags: _, ...known } = channelToRow(channel);
  const isSame = Object.entries(known).every(([column, value]) => now?.[column] === value);
  if (isSame) return;
  const what = now ? 'was changed' : 'is not there any more';
  throw new ChannelChanged(`cannot begin session ${streamId}: its channel ${what}`);
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
