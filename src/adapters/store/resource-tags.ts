import type { ControlStore } from '../../control/ports.ts';
import { parseArn, type ResourceType } from '../../domain/arn.ts';
import { type Database, inWriteTransaction } from './database.ts';
import { tagsFromText } from './rows.ts';
import type { Schema } from './schema.ts';

export function resourceTags(database: Database): Pick<ControlStore, 'getTags' | 'updateTags'> {
  return {
    async getTags(arn) {
      const table = taggedTable(arn);
      if (!table) return undefined;
      const row = await database.reads
        .selectFrom(table)
        .select('tags')
        .where('arn', '=', arn)
        .executeTakeFirst();
      return row && tagsFromText(row.tags);
    },

    async updateTags(arn, change) {
      const table = taggedTable(arn);
      if (!table) return undefined;
      return await inWriteTransaction(database, async (transaction) => {
        // Takes the row's lock, as `lockChannel` does.
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
    },
  };
}

/** Tables of the resources that can be tagged, by the type in their ARN. */
const TAGGED_TABLES = {
  channel: 'channel',
  'stream-key': 'stream_key',
  'playback-key': 'playback_key_pair',
  'playback-restriction-policy': 'playback_restriction_policy',
  'recording-configuration': 'recording_configuration',
  'ad-configuration': 'ad_configuration',
} as const satisfies Record<ResourceType, keyof Schema>;

function taggedTable(arn: string) {
  const type = parseArn(arn)?.type;
  return type && TAGGED_TABLES[type];
}
