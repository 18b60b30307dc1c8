import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import * as sdk from '@aws-sdk/client-ivs';
import type { Child } from '../scripts/demo/child.ts';
import { publishTestPattern } from '../scripts/demo/test-pattern.ts';
import { openSqliteStore } from '../src/adapters/store/sqlite-store.ts';
import { type Ivory, startIvory } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { API_SCENARIO } from './support/api-scenario.ts';

const ROOT_KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const DEADLINE_MS = 20_000;
const POLL_MS = 50;

type Output = Readonly<Record<string, unknown>>;

/** Calls an operation by its name, as any program would through the SDK. */
class ApiClient implements Disposable {
  readonly #ivs: sdk.IvsClient;

  constructor({ httpPort }: Ivory) {
    const endpoint = `http://127.0.0.1:${httpPort}`;
    this.#ivs = new sdk.IvsClient({
      endpoint,
      region: 'us-west-2',
      credentials: ROOT_KEY,
      maxAttempts: 1,
    });
  }

  async call(operation: string, input: object = {}): Promise<Output> {
    const Command = Reflect.get(sdk, `${operation}Command`) as new (input: object) => never;
    const answer: object = await this.#ivs.send(new Command(input));
    const { $metadata: _, ...output } = answer as Output;
    return output;
  }

  /** Calls until what `isReached` says of the answer; an answer that does not come counts as not reached. */
  async callUntil(
    operation: string,
    input: object,
    isReached: (output: Output) => boolean,
  ): Promise<Output> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    for (;;) {
      const output = await this.call(operation, input).catch((error: unknown) => {
        if (error instanceof sdk.ChannelNotBroadcasting) return undefined;
        throw error;
      });
      if (output && isReached(output)) return output;
      assert.ok(!deadline.aborted, `${operation} never came to ${isReached}`);
      await pause(POLL_MS);
    }
  }

  [Symbol.dispose](): void {
    this.#ivs.destroy();
  }
}

async function temporaryFolder() {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-api-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

function start(directory: string): Promise<Ivory> {
  const { config } = readConfig({
    IVORY_DATA_DIR: directory,
    IVORY_HTTP_PORT: '0',
    IVORY_RTMP_PORT: '0',
    IVORY_RTMPS_PORT: '0',
    IVORY_ACCOUNT_ID: '123456789012',
    IVORY_ROOT_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
    IVORY_ROOT_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
  });
  return startIvory(config, { log: silentLogger });
}

function memberAt(output: unknown, memberPath: string): unknown {
  return memberPath
    .split('.')
    .reduce<unknown>((value, name) => Reflect.get(Object(value), name), output);
}

function resolve(value: unknown, saved: ReadonlyMap<string, unknown>): unknown {
  if (typeof value === 'string' && value.startsWith('$')) return saved.get(value.slice(1));
  if (Array.isArray(value)) return value.map((item) => resolve(item, saved));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, resolve(member, saved)]),
  );
}

function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

test('all 41 operations succeed in one story, with a real stream on air', async () => {
  await using home = await temporaryFolder();
  await using ivory = await start(home.directory);
  using client = new ApiClient(ivory);
  await using encoders = new AsyncDisposableStack();
  let encoder: Child | undefined;
  const saved = new Map<string, unknown>([['publicKey', newPublicKey()]]);
  const outputs = new Map<string, Output>();
  for (const { operation, input, save = {}, until, isLive } of API_SCENARIO) {
    if (isLive && !encoder) {
      const url = `rtmp://127.0.0.1:${ivory.rtmpPort}/app/${saved.get('streamKeyValue')}`;
      encoder = encoders.use(publishTestPattern(url));
    }
    const [memberPath = '', value] = until ?? [];
    const output = await client.callUntil(
      operation,
      resolve(input, saved) as object,
      (answer) => !until || memberAt(answer, memberPath) === value,
    );
    outputs.set(operation, output);
    for (const [name, at] of Object.entries(save)) saved.set(name, memberAt(output, at));
  }

  assert.equal(outputs.size, 41);
  const session = memberAt(outputs.get('GetStreamSession'), 'streamSession');
  const recording = memberAt(outputs.get('GetRecordingConfiguration'), 'recordingConfiguration');
  assert.deepEqual(memberAt(session, 'recordingConfiguration'), recording);
  assert.equal(memberAt(session, 'channel.latencyMode'), 'NORMAL');
  assert.equal(memberAt(outputs.get('ListStreams'), 'streams.0.channelArn'), saved.get('channel'));
  assert.match(String(memberAt(outputs.get('InsertAdBreak'), 'adBreakId')), /^\w{12}$/);
  assert.deepEqual(outputs.get('ListTagsForResource'), { tags: { team: 'ivory' } });
  // Beside the buckets lies what is on its way into one.
  const buckets = await readdir(path.join(home.directory, 'buckets'));
  assert.deepEqual(
    buckets.filter((name) => !name.startsWith('.')),
    ['recordings'],
  );
});

describe('recording configurations, as Terraform uses them', () => {
  const destination = (bucketName: string) => ({
    destinationConfiguration: { s3: { bucketName } },
  });
  const stateIs = (state: string) => (output: Output) =>
    memberAt(output, 'recordingConfiguration.state') === state;

  test('come from CREATING to ACTIVE, are the same when read twice, and are not found once deleted', async () => {
    await using home = await temporaryFolder();
    await using ivory = await start(home.directory);
    using client = new ApiClient(ivory);
    const created = await client.call('CreateRecordingConfiguration', destination('vod'));
    assert.ok(stateIs('CREATING')(created));
    const input = { arn: memberAt(created, 'recordingConfiguration.arn') };
    const active = await client.callUntil('GetRecordingConfiguration', input, stateIs('ACTIVE'));
    assert.deepEqual(await client.call('GetRecordingConfiguration', input), active);
    await client.call('DeleteRecordingConfiguration', input);
    await assert.rejects(
      client.call('GetRecordingConfiguration', input),
      sdk.ResourceNotFoundException,
    );
  });

  test('are CREATE_FAILED where the bucket cannot be written to', async () => {
    await using home = await temporaryFolder();
    await mkdir(path.join(home.directory, 'buckets'));
    await writeFile(path.join(home.directory, 'buckets', 'taken'), 'a file');
    await using ivory = await start(home.directory);
    using client = new ApiClient(ivory);
    const created = await client.call('CreateRecordingConfiguration', destination('taken'));
    const input = { arn: memberAt(created, 'recordingConfiguration.arn') };
    await client.callUntil('GetRecordingConfiguration', input, stateIs('CREATE_FAILED'));
  });

  test('that were CREATING when the server died come to ACTIVE at the next start', async () => {
    await using home = await temporaryFolder();
    let arn: string;
    {
      await using ivory = await start(home.directory);
      using client = new ApiClient(ivory);
      const created = await client.call('CreateRecordingConfiguration', destination('vod'));
      arn = String(memberAt(created, 'recordingConfiguration.arn'));
      await client.callUntil('GetRecordingConfiguration', { arn }, stateIs('ACTIVE'));
    }
    {
      // What a kill -9 between the answer and the end of the check leaves behind.
      await using store = await openSqliteStore(path.join(home.directory, 'ivory.db'));
      const { recordingConfigurations } = store.controlStore;
      await recordingConfigurations.update(arn, (current) => ({ ...current, state: 'CREATING' }));
      await rm(path.join(home.directory, 'buckets'), { recursive: true });
    }
    await using ivory = await start(home.directory);
    using client = new ApiClient(ivory);
    await client.callUntil('GetRecordingConfiguration', { arn }, stateIs('ACTIVE'));
    assert.deepEqual(await readdir(path.join(home.directory, 'buckets')), ['vod']);
  });
});
