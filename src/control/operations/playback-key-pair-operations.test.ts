import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';
import { newPlaybackPublicKey } from '../testing/playback-public-key.ts';

async function withKeyPair(input: object = {}) {
  const api = new ControlApiHarness();
  const publicKeyMaterial = newPlaybackPublicKey();
  const { status, body } = await api.call('ImportPlaybackKeyPair', { publicKeyMaterial, ...input });
  assert.equal(status, 200, body.message);
  return { api, publicKeyMaterial, keyPair: body.keyPair };
}

const importNew = (api: ControlApiHarness, input: object = {}) =>
  api.call('ImportPlaybackKeyPair', { publicKeyMaterial: newPlaybackPublicKey(), ...input });

describe('ImportPlaybackKeyPair', () => {
  test('answers with the fingerprint, and never with the key', async () => {
    const { api, keyPair } = await withKeyPair({ name: 'front', tags: { a: '1' } });
    assert.match(keyPair.arn, /^arn:aws:ivs:us-west-2:123456789012:playback-key\/\w{12}$/);
    assert.match(keyPair.fingerprint, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    assert.deepEqual(keyPair, {
      arn: keyPair.arn,
      name: 'front',
      fingerprint: keyPair.fingerprint,
      tags: { a: '1' },
    });
    const { body } = await api.call('GetPlaybackKeyPair', { arn: keyPair.arn });
    assert.deepEqual(body, { keyPair });
  });

  test('refuses what is no P-384 public key', async () => {
    const api = new ControlApiHarness();
    for (const publicKeyMaterial of ['', 'nonsense', newPlaybackPublicKey('P-256')]) {
      const answer = await api.call('ImportPlaybackKeyPair', { publicKeyMaterial });
      assertError(answer, 400, 'ValidationException');
    }
    assert.equal(api.store.playbackKeyPairs.byArn.size, 0);
  });

  test('refuses the same key a second time, also at the quota', async () => {
    const { api, publicKeyMaterial } = await withKeyPair();
    const again = () => api.call('ImportPlaybackKeyPair', { publicKeyMaterial, name: 'again' });
    assertError(await again(), 409, 'ConflictException');
    await importNew(api);
    await importNew(api);
    assertError(await again(), 409, 'ConflictException');
    assertError(await importNew(api), 402, 'ServiceQuotaExceededException');
    const elsewhere = await api.call(
      'ImportPlaybackKeyPair',
      { publicKeyMaterial },
      { region: 'eu-west-1' },
    );
    assert.equal(elsewhere.status, 200);
  });
});

describe('ListPlaybackKeyPairs', () => {
  test('shows up to the quota at once, without fingerprints', async () => {
    const { api, keyPair } = await withKeyPair({ name: 'a' });
    await importNew(api, { name: 'b' });
    await importNew(api, { name: 'c' });
    const { body } = await api.call('ListPlaybackKeyPairs');
    assert.equal(body.keyPairs.length, 3);
    assert.equal(body.nextToken, undefined);
    const listed = body.keyPairs.find(({ arn }: { arn: string }) => arn === keyPair.arn);
    assert.deepEqual(listed, { arn: keyPair.arn, name: 'a', tags: {} });
  });

  test('pages', async () => {
    const { api } = await withKeyPair();
    await importNew(api);
    const first = await api.call('ListPlaybackKeyPairs', { maxResults: 1 });
    const { nextToken } = first.body;
    const second = await api.call('ListPlaybackKeyPairs', { maxResults: 1, nextToken });
    assert.notEqual(second.body.keyPairs[0].arn, first.body.keyPairs[0].arn);
    assert.equal(second.body.nextToken, undefined);
    const foreign = await api.call('ListRecordingConfigurations', { nextToken });
    assertError(foreign, 400, 'ValidationException');
  });
});

describe('DeletePlaybackKeyPair', () => {
  test('answers 200 and an empty object, and makes room for the key again', async () => {
    const { api, keyPair, publicKeyMaterial } = await withKeyPair();
    const { arn } = keyPair;
    const { status, body } = await api.call('DeletePlaybackKeyPair', { arn });
    assert.deepEqual([status, body], [200, {}]);
    for (const operation of ['GetPlaybackKeyPair', 'DeletePlaybackKeyPair']) {
      assertError(await api.call(operation, { arn }), 404, 'ResourceNotFoundException');
    }
    assert.equal((await api.call('ImportPlaybackKeyPair', { publicKeyMaterial })).status, 200);
  });
});
