import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { OutboxEvent, StreamEvent } from '../../domain/events.ts';
import type { DeadLetter, DeadLetterFilter, Outbox, RetentionRules } from '../../events/ports.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { forgetTargets, trimDeadLetters } from './outbox-retention.ts';
import { toFlag } from './rows.ts';
import type { EventDeadLetterTable, OutboxEventTable, Schema } from './schema.ts';

/** Rows of one statement. */
const BATCH_SIZE = 500;

type Whose = Pick<OutboxEvent, 'accountId' | 'region' | 'channel'>;

/** How other records put their facts into the outbox. */
export interface EventWriter {
  /** Within the transaction of what they tell of. */
  append(
    transaction: Transaction<Schema>,
    whose: Whose,
    events: readonly StreamEvent[],
  ): Promise<void>;
  /** Their transaction is committed: wakes those who wait for events. */
  appended(): void;
}

/** The outbox in SQL. */
export class SqlOutbox implements Outbox, EventWriter {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #listeners = new Set<() => void>();

  constructor(database: Database, clock: Pick<Clock, 'nowMs'>) {
    this.#database = database;
    this.#clock = clock;
  }

  async append(
    transaction: Transaction<Schema>,
    { accountId, region, channel }: Whose,
    events: readonly StreamEvent[],
  ): Promise<void> {
    if (events.length === 0) return;
    const { newest } = await transaction
      .updateTable('event_sequence')
      .set(({ eb }) => ({ newest: eb('newest', '+', events.length) }))
      .where('id', '=', 1)
      .returning('newest')
      .executeTakeFirstOrThrow();
    const first = newest - events.length + 1;
    await transaction
      .insertInto('outbox_event')
      .values(
        events.map((event, index) => ({
          sequence: first + index,
          id: randomUUID(),
          recorded_at_ms: this.#clock.nowMs(),
          account_id: accountId,
          region,
          channel: channel ? JSON.stringify(channel) : null,
          event: JSON.stringify(event),
        })),
      )
      .execute();
  }

  appended(): void {
    for (const listener of this.#listeners) listener();
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async newestSequence(): Promise<number> {
    const { newest } = await this.#database.reads
      .selectFrom('event_sequence')
      .select('newest')
      .where('id', '=', 1)
      .executeTakeFirstOrThrow();
    return newest;
  }

  async readAfter(sequence: number, limit: number): Promise<readonly OutboxEvent[]> {
    const rows = await this.#database.reads
      .selectFrom('outbox_event')
      .selectAll()
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(eventFromRow);
  }

  async openTarget(name: string): Promise<number> {
    const { delivered_through } = await inWriteTransaction(this.#database, async (transaction) => {
      await transaction
        .insertInto('event_target')
        .columns(['name', 'delivered_through'])
        .expression((query) =>
          query
            .selectFrom('event_sequence')
            .select([sql.val(name).as('name'), 'newest'])
            .where('id', '=', 1),
        )
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      return transaction
        .selectFrom('event_target')
        .select('delivered_through')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
    });
    return delivered_through;
  }

  async saveCursors(cursors: ReadonlyMap<string, number>): Promise<void> {
    if (cursors.size === 0) return;
    await inWriteTransaction(this.#database, async (transaction) => {
      for (const [name, delivered_through] of cursors) {
        await transaction
          .updateTable('event_target')
          .set({ delivered_through })
          .where('name', '=', name)
          .execute();
      }
    });
  }

  async addDeadLetters(letters: readonly DeadLetter[]): Promise<void> {
    await inWriteTransaction(this.#database, async (transaction) => {
      for (const letter of letters) {
        const row = letterToRow(letter);
        await transaction
          .insertInto('event_dead_letter')
          .values(row)
          .onConflict((conflict) => conflict.columns(['target', 'sequence']).doUpdateSet(row))
          .execute();
      }
    });
  }

  async removeDeadLetter(target: string, sequence: number): Promise<void> {
    await this.#database.writes
      .deleteFrom('event_dead_letter')
      .where('target', '=', target)
      .where('sequence', '=', sequence)
      .execute();
  }

  async listDeadLetters(
    { target, eventId }: DeadLetterFilter,
    { limit, after }: Parameters<Outbox['listDeadLetters']>[1],
  ): Promise<readonly DeadLetter[]> {
    const rows = await this.#database.reads
      .selectFrom('event_dead_letter')
      .selectAll()
      .$if(target !== undefined, (query) => query.where('target', '=', target ?? ''))
      .$if(eventId !== undefined, (query) => query.where('id', '=', eventId ?? ''))
      .$if(after !== undefined, (query) =>
        query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('target', 'sequence'), '>', tuple(after?.target ?? '', after?.sequence ?? 0)),
        ),
      )
      .orderBy('target')
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(letterFromRow);
  }

  async replayDeadLetters({ target, eventId }: DeadLetterFilter): Promise<number> {
    const { numUpdatedRows } = await this.#database.writes
      .updateTable('event_dead_letter')
      .set({ is_replaying: 1 })
      .$if(target !== undefined, (query) => query.where('target', '=', target ?? ''))
      .$if(eventId !== undefined, (query) => query.where('id', '=', eventId ?? ''))
      .executeTakeFirstOrThrow();
    return Number(numUpdatedRows);
  }

  async lettersToReplay(
    target: string,
    after: number,
    limit: number,
  ): Promise<readonly DeadLetter[]> {
    const rows = await this.#database.reads
      .selectFrom('event_dead_letter')
      .selectAll()
      .where('target', '=', target)
      .where('is_replaying', '=', 1)
      .where('sequence', '>', after)
      .orderBy('sequence')
      .limit(limit)
      .execute();
    return rows.map(letterFromRow);
  }

  async countDeadLetters(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.reads
      .selectFrom('event_dead_letter')
      .select(({ fn }) => ['target', fn.countAll<number>().as('count')])
      .groupBy('target')
      .execute();
    return new Map(rows.map(({ target, count }) => [target, Number(count)]));
  }

  async trim(rules: RetentionRules): Promise<void> {
    await this.#trimEvents(rules);
    await inWriteTransaction(this.#database, async (transaction) => {
      await forgetTargets(transaction, rules);
      await trimDeadLetters(transaction, rules);
    });
  }

  async #trimEvents(rules: RetentionRules): Promise<void> {
    const { targets, recordedBeforeMs, maxEvents, maxWaitingEvents } = rules;
    const newest = await this.newestSequence();
    const waiting = await this.#database.reads
      .selectFrom('event_target')
      .select('delivered_through')
      .where('name', 'in', ['', ...targets])
      .execute();
    const hadByAll = Math.min(newest, ...waiting.map((target) => target.delivered_through));
    const lost = newest - maxWaitingEvents;
    const tooMany = Math.max(lost, Math.min(hadByAll, newest - maxEvents));
    // A batch is a transaction: what a target was long away for must not hold up the events of a live stream.
    for (let count = BATCH_SIZE; count === BATCH_SIZE; ) {
      const { numDeletedRows } = await this.#database.writes
        .deleteFrom('outbox_event')
        .where('sequence', 'in', (query) =>
          query
            .selectFrom('outbox_event')
            .select('sequence')
            .where('sequence', '<=', Math.max(lost, hadByAll))
            .where(({ eb, or }) =>
              or([eb('sequence', '<=', tooMany), eb('recorded_at_ms', '<', recordedBeforeMs)]),
            )
            .limit(BATCH_SIZE),
        )
        .executeTakeFirstOrThrow();
      count = Number(numDeletedRows);
    }
  }
}

function eventFromRow(row: OutboxEventTable): OutboxEvent {
  return {
    sequence: row.sequence,
    id: row.id,
    recordedAtMs: row.recorded_at_ms,
    accountId: row.account_id,
    region: row.region,
    ...(row.channel !== null && { channel: JSON.parse(row.channel) }),
    event: JSON.parse(row.event),
  };
}

function letterToRow({ event, ...letter }: DeadLetter): EventDeadLetterTable {
  return {
    target: letter.target,
    sequence: event.sequence,
    id: event.id,
    recorded_at_ms: event.recordedAtMs,
    account_id: event.accountId,
    region: event.region,
    channel: event.channel ? JSON.stringify(event.channel) : null,
    event: JSON.stringify(event.event),
    reason: letter.reason,
    attempts: letter.attempts,
    failed_at_ms: letter.failedAtMs,
    is_replaying: toFlag(letter.isReplaying),
  };
}

function letterFromRow(row: EventDeadLetterTable): DeadLetter {
  return {
    target: row.target,
    event: eventFromRow(row),
    reason: row.reason,
    attempts: row.attempts,
    failedAtMs: row.failed_at_ms,
    isReplaying: row.is_replaying === 1,
  };
}
