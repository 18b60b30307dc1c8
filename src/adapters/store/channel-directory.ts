import type { ChannelLocator } from '../../delivery/watch-routes.ts';
import type { ChannelRecord } from '../../domain/channel.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { ChannelDirectory } from '../../live/ports.ts';
import type { Database } from './database.ts';
import { channelFromRow, sha256Hex } from './rows.ts';

export class SqlChannelDirectory implements ChannelDirectory, ChannelLocator {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async findChannelByStreamKey(streamKeyValue: string): Promise<ChannelRecord | undefined> {
    const row = await this.#database.reads
      .selectFrom('stream_key')
      .innerJoin('channel', 'channel.arn', 'stream_key.channel_arn')
      .selectAll('channel')
      .where('stream_key.value_sha256', '=', sha256Hex(streamKeyValue))
      .executeTakeFirst();
    return row && channelFromRow(row);
  }

  /** Ids are random: that two tenants have the same one does not happen; the older one would be found. */
  async find(channelId: string): Promise<Tenant | undefined> {
    const row = await this.#database.reads
      .selectFrom('channel')
      .select(['account_id', 'region'])
      .where('id', '=', channelId)
      .orderBy('created_at_ms')
      .executeTakeFirst();
    return row && { accountId: row.account_id, region: row.region };
  }
}
