import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Kysely } from 'kysely';
import { channelRecords } from './channel-records.ts';
import type { Schema } from './schema.ts';
import { SqliteThreadDialect } from './sqlite-dialect.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { SqliteThread } from './sqlite-thread.ts';

const TENANT = { accountId: '123456789012', region: 'us-west-2' };

test('a page of listChannels() is a walk along an index of what it filters by, without sorting', async () => {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-channels-'));
  resources.defer(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'ivory.db');
  await (await openSqliteStore(file))[Symbol.asyncDispose]();
  const location = { path: file, role: 'reader' } as const;
  const thread = resources.adopt(new SqliteThread(location), (opened) => opened.close());
  const queries: { sql: string; parameters: readonly unknown[] }[] = [];
  const reads = new Kysely<Schema>({
    dialect: new SqliteThreadDialect(thread),
    log: ({ query }) => void queries.push(query),
  });
  const { listChannels } = channelRecords({ reads, writes: reads });
  const database = resources.use(new DatabaseSync(file));

  for (const [filter, index] of [
    [{}, 'channel_by_creation'],
    [{ name: 'a' }, 'channel_by_name'],
    [{ recordingConfigurationArn: 'arn:a' }, 'channel_by_recording_configuration_arn'],
    [{ playbackRestrictionPolicyArn: 'arn:a' }, 'channel_by_playback_restriction_policy_arn'],
    [{ adConfigurationArn: 'arn:a' }, 'channel_by_ad_configuration_arn'],
  ] as const) {
    for (const after of [undefined, '1/arn:b']) {
      await listChannels(TENANT, filter, { limit: 100, ...(after !== undefined && { after }) });
      const { sql, parameters } = queries.at(-1)!;
      const steps = database.prepare(`explain query plan ${sql}`).all(...(parameters as string[]));
      const plan = steps.map(({ detail }) => detail);
      assert.equal(plan.length, 1, plan.join());
      assert.match(String(plan[0]), new RegExp(`USING INDEX ${index} `));
    }
  }
});
