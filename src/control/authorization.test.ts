import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { userOf } from '../domain/access.ts';
import { parsePolicy } from '../domain/iam/policy.ts';
import { resourcesOf } from './action-resources.ts';
import type { AccessKey } from './credentials.ts';
import { OPERATIONS } from './operation-table.ts';
import { describe as describeShape } from './shapes/vocabulary.ts';
import {
  ACCOUNT_ID,
  ControlApiHarness,
  CREDENTIALS,
  REGION,
} from './testing/control-api-harness.ts';

const OTHER_ACCOUNT = '210987654321';
const ANN = { accessKeyId: 'AKIAANN0000000000000', secretAccessKey: 'secret of ann' };
const BOB = { accessKeyId: 'AKIABOB0000000000000', secretAccessKey: 'secret of bob' };

type Statement = Readonly<Record<string, unknown>>;

/** Root, Ann of the same account with these statements, and Bob who may do anything in another account. */
function harnessFor(...statements: readonly Statement[]): ControlApiHarness {
  const user = (accountId: string, name: string, secretAccessKey: string, Statement: unknown) => ({
    secretAccessKey,
    principal: userOf(accountId, name, [
      parsePolicy({ Version: '2012-10-17', Statement }, 'policy', (...problem) =>
        assert.fail(problem.join(' ')),
      ),
    ]),
  });
  const everything = { Effect: 'Allow', Action: '*', Resource: '*' };
  const keys = new Map<string, AccessKey>([
    [ANN.accessKeyId, user(ACCOUNT_ID, 'ann', ANN.secretAccessKey, statements)],
    [BOB.accessKeyId, user(OTHER_ACCOUNT, 'bob', BOB.secretAccessKey, everything)],
    [
      CREDENTIALS.accessKeyId,
      {
        secretAccessKey: CREDENTIALS.secretAccessKey,
        principal: { accountId: ACCOUNT_ID, isRoot: true, arn: 'root', policies: [] },
      },
    ],
  ]);
  return new ControlApiHarness({ accessKeys: { find: (id) => keys.get(id) } });
}

const allow = (Action: string | string[], parts: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...parts,
});

const asAnn = { credentials: ANN };

describe('authorize()', () => {
  test('refuses what no policy allows, in the words of IVS', async () => {
    const api = harnessFor(allow('ivs:GetStream'));
    const { channel } = await api.createChannel();
    const answer = await api.call('GetChannel', { arn: channel.arn }, asAnn);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers['x-amzn-ErrorType'], 'AccessDeniedException');
    assert.equal(
      answer.body.message,
      `User: arn:aws:iam::${ACCOUNT_ID}:user/ann is not authorized to perform: ivs:GetChannel on resource: ${channel.arn}`,
    );
    const list = await api.call('ListChannels', {}, asAnn);
    assert.match(list.body.message, /ivs:ListChannels on resource: arn:.*:channel\/\*$/);
  });

  test('allows one channel by its ARN, and tells nothing of the others', async () => {
    const open = harnessFor();
    const { channel: own } = await open.createChannel();
    const api = harnessFor(allow('ivs:*', { Resource: own.arn }));
    const { channel } = await api.createChannel();
    const there = await api.call('GetChannel', { arn: channel.arn }, asAnn);
    const absent = `${channel.arn}x`;
    const gone = await api.call('GetChannel', { arn: absent }, asAnn);
    assert.deepEqual([there.status, gone.status], [403, 403]);
    assert.equal((await api.call('GetChannel', { arn: own.arn }, asAnn)).status, 404);
  });

  test('is about what the operation acts on, whatever else the body holds', async () => {
    const open = harnessFor();
    const { channel: own } = await open.createChannel();
    const api = harnessFor(allow('ivs:*', { Resource: own.arn }));
    const { channel, streamKey } = await api.createChannel();
    const beside = {
      ...{ arn: own.arn, channelArn: own.arn, resourceArn: own.arn, arns: [own.arn] },
      viewerSessions: [{ channelArn: own.arn, viewerId: 'v' }],
    };
    const meant: Readonly<Record<string, unknown>> = {
      ...{ arn: channel.arn, channelArn: channel.arn, resourceArn: channel.arn },
      ...{ arns: [streamKey.arn], metadata: 'text', name: 'name', tags: { owner: 'ann' } },
      ...{ viewerSessions: [{ channelArn: channel.arn, viewerId: 'v' }], tagKeys: ['owner'] },
    };
    for (const operation of OPERATIONS) {
      const { members } = describeShape(operation.input) as {
        readonly members: Readonly<Record<string, unknown>>;
      };
      const asked = Object.keys(members).filter((name) => name in meant);
      const input = { ...beside, ...Object.fromEntries(asked.map((name) => [name, meant[name]])) };
      const path = operation.uri.replace(/\{\w+\}$/, encodeURIComponent(channel.arn));
      const answer = await api.send(operation.method, path, {
        ...(operation.method === 'POST' && { body: JSON.stringify(input) }),
        ...(operation.queryMembers && { query: { tagKeys: 'owner', arn: own.arn } }),
        ...asAnn,
      });
      assert.equal(answer.status, 403, `${operation.name}: ${JSON.stringify(answer.body)}`);
    }
  });

  test('is not misled about tags by members that the operation does not have', async () => {
    const api = harnessFor(
      allow('ivs:TagResource', {
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } },
      }),
      allow('ivs:GetChannel', { Condition: { StringEquals: { 'aws:RequestTag/team': 'red' } } }),
    );
    const { channel } = await api.createChannel();
    const tagged = await api.send('POST', `/tags/${encodeURIComponent(channel.arn)}`, {
      body: JSON.stringify({ tags: { admin: 'yes' }, tagKeys: ['team'] }),
      ...asAnn,
    });
    assert.equal(tagged.status, 403);
    const got = await api.call('GetChannel', { arn: channel.arn, tags: { team: 'red' } }, asAnn);
    assert.equal(got.status, 403);
  });

  test('wants both resources of CreateChannel', async () => {
    const resource = (type: string) => `arn:aws:ivs:*:${ACCOUNT_ID}:${type}/*`;
    const half = harnessFor(allow('ivs:CreateChannel', { Resource: resource('channel') }));
    const refused = await half.call('CreateChannel', {}, asAnn);
    assert.match(refused.body.message, /on resource: arn:.*:stream-key\/\*$/);
    const both = harnessFor(
      allow('ivs:CreateChannel', { Resource: [resource('channel'), resource('stream-key')] }),
    );
    assert.equal((await both.call('CreateChannel', {}, asAnn)).status, 200);
  });

  test('asks for the tags that a resource has now', async () => {
    const api = harnessFor(
      allow('ivs:*', { Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } } }),
    );
    const { channel } = await api.createChannel({ tags: { Team: 'red' } });
    const get = async () => (await api.call('GetChannel', { arn: channel.arn }, asAnn)).status;
    assert.equal(await get(), 200, 'a condition key has no case');
    await api.send('POST', `/tags/${encodeURIComponent(channel.arn)}`, {
      body: JSON.stringify({ tags: { Team: 'blue' } }),
    });
    assert.equal(await get(), 403);
  });

  test('reads no tags where no policy asks for any', async () => {
    const api = harnessFor(allow('ivs:*'));
    const { channel } = await api.createChannel();
    api.store.getTags = () => assert.fail('tags were read');
    assert.equal((await api.call('GetChannel', { arn: channel.arn }, asAnn)).status, 200);
  });

  test('asks for the tags of a request', async () => {
    const api = harnessFor(
      allow('ivs:*', {
        Condition: {
          StringEquals: { 'aws:RequestTag/owner': '${aws:username}' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['owner', 'team'] },
        },
      }),
    );
    const create = async (tags: object) =>
      (await api.call('CreateChannel', { tags }, asAnn)).status;
    assert.equal(await create({ owner: 'ann', team: 'red' }), 200);
    assert.equal(await create({ owner: 'bob' }), 403);
    assert.equal(await create({ owner: 'ann', other: 'x' }), 403);
    assert.equal(await create({}), 403);
  });

  test('judges the keys that are taken off', async () => {
    const api = harnessFor(allow('ivs:*'), {
      Effect: 'Deny',
      Action: 'ivs:UntagResource',
      Resource: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'owner' } },
    });
    const { channel } = await api.createChannel({ tags: { owner: 'ann', team: 'red' } });
    const untag = async (...tagKeys: string[]) => {
      const path = `/tags/${encodeURIComponent(channel.arn)}`;
      return (await api.send('DELETE', path, { query: { tagKeys }, ...asAnn })).status;
    };
    assert.equal(await untag('team'), 200);
    assert.equal(await untag('team', 'owner'), 403);
  });

  test('refuses before it validates, and with all sizes of nonsense', async () => {
    const api = harnessFor(allow('ivs:GetStream'));
    for (const arn of ['', 'a'.repeat(200_000), 7, null, {}, ['x']]) {
      const { status, body } = await api.call('GetChannel', { arn }, asAnn);
      assert.equal(status, 403, JSON.stringify(arn).slice(0, 30));
      assert.ok(body.message.length < 400);
    }
  });

  test('does the part of a batch that is allowed, and names the rest', async () => {
    const open = harnessFor();
    const arns = [];
    for (let i = 0; i < 2; i++) arns.push((await open.createChannel()).channel.arn);
    const [own, foreign] = arns;
    const api = harnessFor(allow('ivs:BatchGetChannel', { Resource: own }));
    for (const [arn, channel] of open.store.channels) api.store.channels.set(arn, channel);
    const { status, body } = await api.call('BatchGetChannel', { arns }, asAnn);
    assert.equal(status, 200);
    assert.deepEqual(
      body.channels.map(({ arn }: { arn: string }) => arn),
      [own],
    );
    assert.deepEqual(body.errors, [
      { arn: foreign, code: 'AccessDeniedException', message: 'not authorized' },
    ]);
    const none = await api.call('BatchGetChannel', { arns: [foreign] }, asAnn);
    assert.equal(none.status, 403);
  });

  test('revokes the sessions of the channels that are allowed, and names the rest', async () => {
    const open = harnessFor();
    const { channel: own } = await open.createChannel();
    const { channel: foreign } = await open.createChannel();
    const api = harnessFor(allow('ivs:BatchStartViewerSessionRevocation', { Resource: own.arn }));
    for (const [arn, channel] of open.store.channels) api.store.channels.set(arn, channel);
    const viewerSessions = [foreign, own].map(({ arn }) => ({ channelArn: arn, viewerId: 'a' }));
    const input = { viewerSessions };
    const { status, body } = await api.call('BatchStartViewerSessionRevocation', input, asAnn);
    assert.equal(status, 200);
    assert.deepEqual(body.errors, [
      { channelArn: foreign.arn, viewerId: 'a', code: '403', message: 'not authorized' },
    ]);
    assert.deepEqual(
      [...api.store.revocations.values()],
      [{ channelArn: own.arn, viewerId: 'a', versionsThrough: 0 }],
    );
  });
});

test('accounts see nothing of each other', async () => {
  const api = harnessFor();
  const { channel, streamKey } = await api.createChannel({ tags: { a: 'b' } });
  api.live.goLive(channel.arn);
  const asBob = { credentials: BOB };
  const call = async (operation: string, input: object = {}) => {
    const { status, body } = await api.call(operation, input, asBob);
    return { status, body };
  };
  for (const [operation, input] of [
    ['GetChannel', { arn: channel.arn }],
    ['UpdateChannel', { arn: channel.arn, name: 'mine' }],
    ['DeleteChannel', { arn: channel.arn }],
    ['GetStream', { channelArn: channel.arn }],
    ['GetStreamSession', { channelArn: channel.arn }],
    ['StopStream', { channelArn: channel.arn }],
    ['ListStreamKeys', { channelArn: channel.arn }],
    ['ListStreamSessions', { channelArn: channel.arn }],
    ['CreateStreamKey', { channelArn: channel.arn }],
    ['GetStreamKey', { arn: streamKey.arn }],
    ['DeleteStreamKey', { arn: streamKey.arn }],
  ] as const) {
    const { status, body } = await call(operation, input);
    assert.equal(status, 404, operation);
    assert.match(body.message, /not found$/, operation);
  }
  const tags = `/tags/${encodeURIComponent(channel.arn)}`;
  assert.equal((await api.send('GET', tags, asBob)).status, 404);
  assert.equal(
    (await api.send('POST', tags, { body: '{"tags":{"a":"c"}}', ...asBob })).status,
    404,
  );
  assert.equal((await api.send('DELETE', tags, { query: { tagKeys: 'a' }, ...asBob })).status, 404);
  assert.deepEqual((await call('ListChannels')).body, { channels: [] });
  assert.deepEqual((await call('ListStreams')).body, { streams: [] });
  const batch = await call('BatchGetChannel', { arns: [channel.arn] });
  assert.deepEqual(batch.body.channels, []);
  assert.equal(batch.body.errors.length, 1);
  assert.equal((await api.call('GetChannel', { arn: channel.arn })).status, 200);
  assert.equal(api.live.stream(channel.arn)?.channelArn, channel.arn);
});

test('resourcesOf() names resources that IAM has for the action', async () => {
  for (const { name } of OPERATIONS) {
    // The page of IAM has no resource for it, though a policy would have to name one.
    if (name === 'UpdateAdConfiguration') continue;
    const raw = inputNaming(name);
    const tenant = { accountId: ACCOUNT_ID, region: REGION };
    for (const resource of resourcesOf(name, raw, tenant)) {
      const response = await runSimulation(
        {
          request: {
            principal: `arn:aws:iam::${ACCOUNT_ID}:user/ann`,
            action: `ivs:${name}`,
            resource: { resource, accountId: ACCOUNT_ID },
            contextVariables: {},
          },
          identityPolicies: [
            {
              name: 'policy',
              policy: {
                Version: '2012-10-17',
                Statement: { Effect: 'Allow', Action: `ivs:${name}`, Resource: resource },
              },
            },
          ],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
        },
        {},
      );
      assert.ok(
        'overallResult' in response && response.overallResult === 'Allowed',
        `${name} on ${resource}: ${JSON.stringify(response).slice(0, 300)}`,
      );
    }
  }
});

/** Of the input of an operation what names resources. */
function inputNaming(operation: string): Record<string, unknown> {
  const arn = (type: string) => `arn:aws:ivs:${REGION}:${ACCOUNT_ID}:${type}/abcdABCDefgh`;
  const [, verb = '', noun = ''] = /^([A-Z][a-z]+(?:Get|Start)?)(\w+)$/.exec(operation) ?? [];
  if (/Tag/.test(noun)) return { resourceArn: arn('channel') };
  if (verb === 'BatchGet') return { arns: [arn(typeOf(noun))] };
  if (verb === 'BatchStart') return { viewerSessions: [{ channelArn: arn('channel') }] };
  if (/^(Create|Import|List)$/.test(verb) && !/^Stream(Key|Sessions)/.test(noun)) return {};
  return /^(Get|Delete|Update)$/.test(verb) && typeOf(noun) !== 'stream'
    ? { arn: arn(typeOf(noun)) }
    : { channelArn: arn('channel') };
}

function typeOf(noun: string): string {
  const type = noun.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
  return type.replace('playback-key-pair', 'playback-key').replace('stream-session', 'stream');
}
