import type { Transaction } from 'kysely';
import type { ChannelFilter, ControlStore, Page, PageRequest } from '../../control/ports.ts';
import { parseArn } from '../../domain/arn.ts';
import type { ChannelRecord, Tags } from '../../domain/channel.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import {
  MAX_SESSION_EVENTS,
  type StreamSessionDetail,
  type StreamSessionRecord,
} from '../../domain/stream-session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { type Database, inReadTransaction, inWriteTransaction } from './database.ts';
import {
  channelFromRow,
  channelToRow,
  eventFromRow,
  sessionFromRow,
  streamKeyFromRow,
  streamKeyToRow,
  tagsFromText,
} from './rows.ts';
import type { Schema } from './schema.ts';

/** The API's records in SQL. Only what SQLite and PostgreSQL share is used. */
export class SqlControlStore implements ControlStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  createChannel(
    channel: ChannelRecord,
    streamKey: StreamKeyRecord,
    maxChannels: number,
  ): Promise<'created' | 'quota-exceeded'> {
    return inWriteTransaction(this.#database, async (transaction) => {
      if (!(await takeChannelOfQuota(transaction, channel, maxChannels))) return 'quota-exceeded';
      await transaction.insertInto('channel').values(channelToRow(channel)).execute();
      await transaction.insertInto('stream_key').values(streamKeyToRow(streamKey)).execute();
      return 'created';
    });
  }

  async getChannel(arn: string): Promise<ChannelRecord | undefined> {
    const row = await this.#database.reads
      .selectFrom('channel')
      .selectAll()
      .where('arn', '=', arn)
      .executeTakeFirst();
    return row && channelFromRow(row);
  }

  async getChannels(arns: readonly string[]): Promise<readonly ChannelRecord[]> {
    if (arns.length === 0) return [];
    const rows = await this.#database.reads
      .selectFrom('channel')
      .selectAll()
      .where('arn', 'in', arns)
      .execute();
    return inOrderOf(arns, rows.map(channelFromRow));
  }

  async listChannels(
    { accountId, region }: Tenant,
    filter: ChannelFilter,
    page: PageRequest,
  ): Promise<Page<ChannelRecord>> {
    let query = this.#database.reads
      .selectFrom('channel')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('region', '=', region);
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
    return pageOf(rows, page.limit, { item: channelFromRow, position: creation });
  }

  updateChannel(
    arn: string,
    change: (current: ChannelRecord) => ChannelRecord,
  ): Promise<ChannelRecord | undefined> {
    return inWriteTransaction(this.#database, async (transaction) => {
      const row = await lockChannel(transaction, arn);
      if (!row) return undefined;
      const changed = change(channelFromRow(row));
      await transaction
        .updateTable('channel')
        .set(channelToRow(changed))
        .where('arn', '=', arn)
        .execute();
      return changed;
    });
  }

  deleteChannel(arn: string): Promise<boolean> {
    return inWriteTransaction(this.#database, async (transaction) => {
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
  }

  createStreamKey(
    streamKey: StreamKeyRecord,
  ): Promise<'created' | 'channel-not-found' | 'quota-exceeded'> {
    return inWriteTransaction(this.#database, async (transaction) => {
      if (!(await lockChannel(transaction, streamKey.channelArn))) return 'channel-not-found';
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('stream_key')
        .values(streamKeyToRow(streamKey))
        .onConflict((conflict) => conflict.column('channel_arn').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n ? 'created' : 'quota-exceeded';
    });
  }

  async getStreamKey(arn: string): Promise<StreamKeyRecord | undefined> {
    const row = await this.#database.reads
      .selectFrom('stream_key')
      .selectAll()
      .where('arn', '=', arn)
      .executeTakeFirst();
    return row && streamKeyFromRow(row);
  }

  async getStreamKeys(arns: readonly string[]): Promise<readonly StreamKeyRecord[]> {
    if (arns.length === 0) return [];
    const rows = await this.#database.reads
      .selectFrom('stream_key')
      .selectAll()
      .where('arn', 'in', arns)
      .execute();
    return inOrderOf(arns, rows.map(streamKeyFromRow));
  }

  async listStreamKeys(channelArn: string, page: PageRequest): Promise<Page<StreamKeyRecord>> {
    let query = this.#database.reads
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
    return pageOf(rows, page.limit, { item: streamKeyFromRow, position: creation });
  }

  async deleteStreamKey(arn: string): Promise<boolean> {
    const { numDeletedRows } = await this.#database.writes
      .deleteFrom('stream_key')
      .where('arn', '=', arn)
      .executeTakeFirstOrThrow();
    return numDeletedRows === 1n;
  }

  async getTags(arn: string): Promise<Tags | undefined> {
    const table = taggedTable(arn);
    if (!table) return undefined;
    const row = await this.#database.reads
      .selectFrom(table)
      .select('tags')
      .where('arn', '=', arn)
      .executeTakeFirst();
    return row && tagsFromText(row.tags);
  }

  async updateTags(arn: string, change: (current: Tags) => Tags): Promise<Tags | undefined> {
    const table = taggedTable(arn);
    if (!table) return undefined;
    return await inWriteTransaction(this.#database, async (transaction) => {
      // As in `lockChannel`.
      const row = await transaction
        .updateTable(table)
        .set(({ ref }) => ({ tags: ref('tags') }))
        .where('arn', '=', arn)
        .returning('tags')
        .executeTakeFirst();
      if (!row) return undefined;
      const changed = change(tagsFromText(row.tags));
      await transaction
        .updateTable(table)
        .set({ tags: JSON.stringify(changed) })
        .where('arn', '=', arn)
        .execute();
      return changed;
    });
  }

  getStreamSession(
    channelArn: string,
    streamId: string | undefined,
  ): Promise<StreamSessionDetail | undefined> {
    return inReadTransaction(this.#database, async (transaction) => {
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
        .select(['name', 'time_ms', 'code'])
        .where('stream_id', '=', session.stream_id)
        .orderBy('sequence', 'desc')
        .limit(MAX_SESSION_EVENTS)
        .execute();
      return { ...sessionFromRow(session), events: events.map(eventFromRow) };
    });
  }

  async listStreamSessions(
    channelArn: string,
    { limit, after, notEndedBeforeMs }: PageRequest & { readonly notEndedBeforeMs: number },
  ): Promise<Page<StreamSessionRecord>> {
    let query = this.#database.reads
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
  }

  async hasStreamSessions(channelArn: string): Promise<boolean> {
    const row = await this.#database.reads
      .selectFrom('stream_session')
      .select('stream_id')
      .where('channel_arn', '=', channelArn)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}

/** Tables of the resources that can be tagged, by the type in their ARN. */
function taggedTable(arn: string): 'channel' | 'stream_key' | undefined {
  switch (parseArn(arn)?.type) {
    case 'channel':
      return 'channel';
    case 'stream-key':
      return 'stream_key';
    default:
      return undefined;
  }
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

/**
 * Reads a channel that this transaction alone may change from now on. An update that changes nothing takes the row's
 * lock in every dialect; SELECT … FOR UPDATE is unknown to SQLite.
 */
function lockChannel(transaction: Transaction<Schema>, arn: string) {
  return transaction
    .updateTable('channel')
    .set(({ ref }) => ({ tags: ref('tags') }))
    .where('arn', '=', arn)
    .returningAll()
    .executeTakeFirst();
}

function creation(row: { created_at_ms: number; arn: string }) {
  return { atMs: row.created_at_ms, key: row.arn };
}

/** As the caller named them, each once. */
function inOrderOf<T extends { readonly arn: string }>(
  arns: readonly string[],
  records: readonly T[],
): readonly T[] {
  const byArn = new Map(records.map((record) => [record.arn, record]));
  return [...new Set(arns)].flatMap((arn) => byArn.get(arn) ?? []);
}
