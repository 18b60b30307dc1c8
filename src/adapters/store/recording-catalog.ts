import type { PlaybackSubject } from '../../delivery/playback-authorization.ts';
import type { RecordedChannels } from '../../delivery/recording-access.ts';
import type { RecordedVideo, RecordingCatalog } from '../../delivery/watch-routes.ts';
import type { RecordingEvent } from '../../domain/events.ts';
import type { Database } from './database.ts';
import { eventFromRow } from './rows.ts';

/** Starts and ends of about as many recordings as a page can show. */
const MAX_EVENTS = 200;

/** Recordings as the history of streams tells them. */
export class SqlRecordingCatalog implements RecordingCatalog, RecordedChannels {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(channel: {
    readonly accountId: string;
    readonly channelId: string;
  }): Promise<PlaybackSubject | undefined> {
    const row = await this.#database.reads
      .selectFrom('channel')
      .select(['arn', 'region', 'authorized', 'playback_restriction_policy_arn'])
      .where('id', '=', channel.channelId)
      .where('account_id', '=', channel.accountId)
      .executeTakeFirst();
    return (
      row && {
        accountId: channel.accountId,
        region: row.region,
        channelArn: row.arn,
        requiresAuthorization: row.authorized === 1,
        playbackRestrictionPolicyArn: row.playback_restriction_policy_arn ?? '',
      }
    );
  }

  async recordings(channelId: string): Promise<readonly RecordedVideo[]> {
    const rows = await this.#database.reads
      .selectFrom('channel')
      .innerJoin('stream_session', 'stream_session.channel_arn', 'channel.arn')
      .innerJoin('stream_event', 'stream_event.stream_id', 'stream_session.stream_id')
      .select([
        'stream_event.name',
        'stream_event.time_ms',
        'stream_event.code',
        'stream_event.detail',
      ])
      .where('channel.id', '=', channelId)
      // Who may not watch a private channel may not watch its past either.
      .where('channel.authorized', '=', 0)
      .where('channel.playback_restriction_policy_arn', 'is', null)
      .where('stream_event.name', 'in', [
        'Recording Start',
        'Recording End',
        'Recording End Failure',
      ])
      .orderBy('stream_event.time_ms', 'desc')
      .limit(MAX_EVENTS)
      .execute();
    const events = rows.map((row) => eventFromRow(row) as RecordingEvent);
    const ends = new Map(
      events
        .filter(({ name }) => name !== 'Recording Start')
        .map((event) => [event.keyPrefix, event]),
    );
    return events
      .filter(({ name }) => name === 'Recording Start')
      .map(({ bucketName, keyPrefix, timeMs }) => {
        const durationMs = ends.get(keyPrefix)?.durationMs;
        return {
          bucketName,
          keyPrefix,
          startedAtMs: timeMs,
          ...(durationMs !== undefined && { durationMs }),
        };
      });
  }
}
