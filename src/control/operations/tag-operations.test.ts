import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlApiHarness } from '../testing/control-api-harness.ts';
import { newPlaybackPublicKey } from '../testing/playback-public-key.ts';

const tagPath = (arn: string) => `/tags/${encodeURIComponent(arn)}`;

async function withChannel(tags: Record<string, string> = {}) {
  const api = new ControlApiHarness();
  const { channel, streamKey } = await api.createChannel({ tags });
  const path = tagPath(channel.arn);
  return {
    api,
    path,
    streamKeyPath: tagPath(streamKey.arn),
    tag: (added: unknown) => api.send('POST', path, { body: JSON.stringify({ tags: added }) }),
    untag: (tagKeys: string[]) => api.send('DELETE', path, { query: { tagKeys } }),
    tags: async () => (await api.send('GET', path)).body.tags,
  };
}

describe('TagResource', () => {
  test('adds and replaces, on a channel and on a stream key', async () => {
    const { api, tag, tags, streamKeyPath } = await withChannel({ a: '1' });
    const { status, body } = await tag({ a: '2', 'ключ 1': '' });
    assert.deepEqual([status, body], [200, {}]);
    assert.deepEqual(await tags(), { a: '2', 'ключ 1': '' });
    await api.send('POST', streamKeyPath, { body: '{"tags":{"k":"v"}}' });
    assert.deepEqual((await api.send('GET', streamKeyPath)).body, { tags: { k: 'v' } });
  });

  test('knows every type of resource', async () => {
    const api = new ControlApiHarness();
    const playbackConfigurationArn =
      'arn:aws:mediatailor:us-west-2:123456789012:playbackConfiguration/ads';
    for (const [operation, input] of [
      ['ImportPlaybackKeyPair', { publicKeyMaterial: newPlaybackPublicKey() }],
      ['CreatePlaybackRestrictionPolicy', {}],
      [
        'CreateRecordingConfiguration',
        { destinationConfiguration: { s3: { bucketName: 'bucket' } } },
      ],
      [
        'CreateAdConfiguration',
        { mediaTailorPlaybackConfigurations: [{ playbackConfigurationArn }] },
      ],
    ] as const) {
      const { body } = await api.call(operation, { ...input, tags: { a: '1' } });
      const [resource] = Object.values(body) as [{ arn: string }];
      const path = tagPath(resource.arn);
      await api.send('POST', path, { body: '{"tags":{"b":"2"}}' });
      await api.send('DELETE', path, { query: { tagKeys: ['a'] } });
      assert.deepEqual((await api.send('GET', path)).body, { tags: { b: '2' } }, operation);
      const get = operation.replace(/^(Create|Import)/, 'Get');
      const { body: shown } = await api.call(get, { arn: resource.arn });
      const [{ tags }] = Object.values(shown) as [{ tags: unknown }];
      assert.deepEqual(tags, { b: '2' }, get);
    }
  });

  test('is allowed while the channel is live', async () => {
    const { api, tag } = await withChannel();
    const [channel] = api.store.channels.keys();
    api.live.goLive(channel ?? '');
    assert.equal((await tag({ a: '1' })).status, 200);
  });

  test('refuses reserved keys, foreign characters, and more than 50 in all', async () => {
    const { tag, tags } = await withChannel({ a: '1' });
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, '']));
    for (const added of [{ 'aws:x': '' }, { 'a*': '' }, { a: '<' }, fifty, null, undefined]) {
      const { status, headers } = await tag(added);
      assert.equal(status, 400);
      assert.equal(headers['x-amzn-ErrorType'], 'ValidationException');
    }
    assert.deepEqual(await tags(), { a: '1' });
  });

  test('takes the resource from the path, whatever the body says', async () => {
    const { api, path, tags } = await withChannel();
    const body = JSON.stringify({ resourceArn: 'nonsense', tags: { a: '1' } });
    assert.equal((await api.send('POST', path, { body })).status, 200);
    assert.deepEqual(await tags(), { a: '1' });
  });
});

describe('UntagResource', () => {
  test('removes the keys of a repeated parameter, and minds none that is not there', async () => {
    const { untag, tags } = await withChannel({ a: '1', 'b c': '2', d: '3' });
    const { status, body } = await untag(['a', 'b c', 'missing']);
    assert.deepEqual([status, body], [200, {}]);
    assert.deepEqual(await tags(), { d: '3' });
  });

  test('requires keys', async () => {
    const { untag } = await withChannel();
    const { status, body } = await untag([]);
    assert.equal(status, 400);
    assert.equal(body.message, 'UntagResource.tagKeys is a required attribute');
  });

  test('refuses an empty key and more than 50', async () => {
    const { untag } = await withChannel();
    assert.equal((await untag([''])).status, 400);
    assert.equal((await untag(Array.from({ length: 51 }, (_, i) => `k${i}`))).status, 400);
  });
});

test('the tag operations tell ARNs that are not there from what is no ARN', async () => {
  const { api } = await withChannel();
  const cases: [string, number][] = [
    ['arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh', 404],
    ['arn:aws:ivs:us-east-1:123456789012:channel/abcdABCDefgh', 404],
    ['arn:aws:ivs:us-west-2:123456789012:recording-configuration/abcdABCDefgh', 404],
    ['arn:aws:s3:::bucket', 400],
    ['nonsense', 400],
  ];
  for (const [arn, expected] of cases) {
    const path = tagPath(arn);
    assert.equal((await api.send('GET', path)).status, expected, arn);
    assert.equal((await api.send('POST', path, { body: '{"tags":{}}' })).status, expected, arn);
    assert.equal((await api.send('DELETE', path, { query: { tagKeys: ['a'] } })).status, expected);
  }
});
