import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  CreateChannelCommand,
  GetChannelCommand,
  IvsClient,
  ListChannelsCommand,
  paginateListChannels,
} from '@aws-sdk/client-ivs';
import { type Ivory, startIvory } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { silentLogger } from '../src/lib/logger.ts';

const ACCOUNT_ID = '123456789012';
const ROOT = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

async function folder() {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-control-plane-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

function start(directory: string, env: Record<string, string> = {}): Promise<Ivory> {
  const { config } = readConfig({
    IVORY_DATA_DIR: directory,
    IVORY_HTTP_PORT: '0',
    IVORY_RTMP_PORT: '0',
    IVORY_RTMPS_PORT: '0',
    IVORY_ACCOUNT_ID: ACCOUNT_ID,
    IVORY_ROOT_ACCESS_KEY_ID: ROOT.accessKeyId,
    IVORY_ROOT_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    ...env,
  });
  return startIvory(config, { log: silentLogger });
}

function clientOf(ivory: Ivory, credentials = ROOT, options: { maxAttempts?: number } = {}) {
  const endpoint = `http://127.0.0.1:${ivory.httpPort}`;
  // The SDK writes into the credentials that it is given.
  return new IvsClient({
    endpoint,
    region: 'us-west-2',
    credentials: { ...credentials },
    ...options,
  });
}

const nameOf = (error: Error): string => error.name;

describe('access keys', () => {
  test('a user of the file may do what its policies say, until the file says otherwise', {
    timeout: 30_000,
  }, async (t) => {
    await using home = await folder();
    const file = path.join(home.directory, 'access-keys.json');
    const user = { accessKeyId: 'AKIAANN0000000000000', secretAccessKey: 'the-secret-of-ann' };
    const write = async (action: string) => {
      const statement = { Effect: 'Allow', Action: action, Resource: '*' };
      const policies = [{ Version: '2012-10-17', Statement: [statement] }];
      const content = { accessKeys: [{ ...user, userName: 'ann', policies }] };
      await writeFile(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
      await rename(`${file}.new`, file);
    };
    await write('ivs:List*');
    await using ivory = await start(home.directory);
    using client = disposable(clientOf(ivory, user));
    const list = () => client.send(new ListChannelsCommand({}));
    await list();
    await assert.rejects(client.send(new CreateChannelCommand({})), {
      name: 'AccessDeniedException',
      message: `User: arn:aws:iam::${ACCOUNT_ID}:user/ann is not authorized to perform: ivs:CreateChannel on resource: arn:aws:ivs:us-west-2:${ACCOUNT_ID}:channel/*`,
    });
    await write('ivs:CreateChannel');
    while ((await list().then(() => 'allowed', nameOf)) === 'allowed') t.signal.throwIfAborted();
    await client.send(new CreateChannelCommand({}));
  });

  test('a file that is wrong stops the start with a line for each mistake', async () => {
    await using home = await folder();
    const file = path.join(home.directory, 'keys.json');
    await writeFile(file, '{"accessKeys":[{},7]}', { mode: 0o600 });
    await assert.rejects(start(home.directory, { IVORY_ACCESS_KEYS_FILE: file }), (error) => {
      assert.ok(error instanceof Error);
      const lines = error.message.split('\n');
      assert.equal(lines.length, 5);
      assert.ok(lines.every((line) => line.startsWith(`cannot use the access keys in ${file}: `)));
      return true;
    });
  });
});

describe('quotas and throttles', () => {
  test('IVORY_QUOTAS changes what an account may have', async () => {
    await using home = await folder();
    await using ivory = await start(home.directory, { IVORY_QUOTAS: 'channels=1' });
    using client = disposable(clientOf(ivory));
    await client.send(new CreateChannelCommand({}));
    await assert.rejects(client.send(new CreateChannelCommand({})), {
      name: 'ServiceQuotaExceededException',
    });
  });

  test('IVORY_THROTTLE=ivs answers as IVS does to who calls too often, and the SDK gets through', async () => {
    await using home = await folder();
    await using ivory = await start(home.directory, { IVORY_THROTTLE: 'ivs' });
    using hasty = disposable(clientOf(ivory, ROOT, { maxAttempts: 1 }));
    const calls = Array.from({ length: 8 }, () => hasty.send(new ListChannelsCommand({})));
    const outcomes = await Promise.allSettled(calls);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(refused.length, 3);
    assert.equal(refused[0]?.reason.name, 'ThrottlingException');
    assert.equal(refused[0]?.reason.$metadata.httpStatusCode, 429);
    assert.equal(
      refused[0]?.reason.message,
      `Operation: ivs:ListChannels exceeded call rate: 5 for account: ${ACCOUNT_ID}`,
    );
    using patient = disposable(clientOf(ivory, ROOT, { maxAttempts: 5 }));
    const { $metadata } = await patient.send(new ListChannelsCommand({}));
    assert.equal($metadata.httpStatusCode, 200);
  });

  test('nobody is throttled by default', async () => {
    await using home = await folder();
    await using ivory = await start(home.directory);
    using client = disposable(clientOf(ivory, ROOT, { maxAttempts: 1 }));
    await Promise.all(Array.from({ length: 30 }, () => client.send(new ListChannelsCommand({}))));
  });
});

describe('the emulator', () => {
  test('takes any credentials, keeps accounts apart, and is reset between tests', async () => {
    await using home = await folder();
    await using ivory = await start(home.directory, { IVORY_EMULATOR: 'on' });
    using anyone = disposable(clientOf(ivory, { accessKeyId: 'test', secretAccessKey: 'test' }));
    const account = { accessKeyId: '111111111111', secretAccessKey: 'test' };
    using another = disposable(clientOf(ivory, account));
    const { channel } = await anyone.send(new CreateChannelCommand({}));
    assert.match(channel?.arn ?? '', new RegExp(`:${ACCOUNT_ID}:`));
    const own = await another.send(new CreateChannelCommand({}));
    assert.match(own.channel?.arn ?? '', /:111111111111:/);
    assert.equal((await another.send(new ListChannelsCommand({}))).channels?.length, 1);

    const reset = (headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${ivory.httpPort}/_ivory/reset`, { method: 'POST', headers });
    assert.equal((await reset({ origin: 'https://evil.example' })).status, 403);
    const arn = channel?.arn;
    await anyone.send(new GetChannelCommand({ arn }));
    assert.equal((await reset()).status, 204);
    await assert.rejects(anyone.send(new GetChannelCommand({ arn })), {
      name: 'ResourceNotFoundException',
    });
    assert.deepEqual((await another.send(new ListChannelsCommand({}))).channels, []);
    await anyone.send(new CreateChannelCommand({}));
  });

  test('is not there unless it is asked for', async () => {
    await using home = await folder();
    await using ivory = await start(home.directory);
    const url = `http://127.0.0.1:${ivory.httpPort}/_ivory/reset`;
    assert.equal((await fetch(url, { method: 'POST' })).status, 404);
    using client = disposable(clientOf(ivory, { accessKeyId: 'test', secretAccessKey: 'test' }));
    await assert.rejects(client.send(new ListChannelsCommand({})), {
      name: 'UnrecognizedClientException',
    });
  });
});

test('a listing goes on where it was, over a restart and over channels that come in between', async () => {
  await using home = await folder();
  const create = async (ivory: Ivory, count: number): Promise<string[]> => {
    using client = disposable(clientOf(ivory));
    const arns: string[] = [];
    for (let i = 0; i < count; i++) {
      arns.push((await client.send(new CreateChannelCommand({}))).channel?.arn ?? '');
    }
    return arns;
  };
  let first: string[];
  let nextToken: string | undefined;
  const seen: (string | undefined)[] = [];
  {
    await using ivory = await start(home.directory);
    first = await create(ivory, 5);
    using client = disposable(clientOf(ivory));
    const page = await client.send(new ListChannelsCommand({ maxResults: 2 }));
    seen.push(...(page.channels ?? []).map(({ arn }) => arn));
    nextToken = page.nextToken;
  }
  await using ivory = await start(home.directory);
  const later = await create(ivory, 2);
  using client = disposable(clientOf(ivory));
  const pages = paginateListChannels({ client, pageSize: 2, startingToken: nextToken }, {});
  for await (const { channels = [] } of pages) seen.push(...channels.map(({ arn }) => arn));
  assert.deepEqual(seen, [...first, ...later]);
  const forged = `${nextToken?.startsWith('A') ? 'B' : 'A'}${nextToken?.slice(1)}`;
  await assert.rejects(client.send(new ListChannelsCommand({ nextToken: forged })), {
    name: 'ValidationException',
  });
});

function disposable(client: IvsClient): IvsClient & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
