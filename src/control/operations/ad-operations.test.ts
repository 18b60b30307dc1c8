import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

const playback = (name: string, owner = 'us-west-2:123456789012') => ({
  playbackConfigurationArn: `arn:aws:mediatailor:${owner}:playbackConfiguration/${name}`,
});
const SETTINGS = { mediaTailorPlaybackConfigurations: [playback('first'), playback('second')] };
const START_MS = Date.UTC(2026, 0, 1, 12);

async function withAdConfiguration(input: object = {}) {
  const clock = { nowMs: START_MS };
  const api = new ControlApiHarness({ nowMs: () => clock.nowMs });
  const { status, body } = await api.call('CreateAdConfiguration', { ...SETTINGS, ...input });
  assert.equal(status, 200, body.message);
  return { api, clock, adConfiguration: body.adConfiguration };
}

async function onAir() {
  const world = await withAdConfiguration();
  const { api, clock, adConfiguration } = world;
  const { channel } = await api.createChannel({ adConfigurationArn: adConfiguration.arn });
  api.live.goLive(channel.arn);
  const insert = (durationSeconds = 30) => {
    clock.nowMs += 1000;
    return api.call('InsertAdBreak', { channelArn: channel.arn, durationSeconds });
  };
  return { ...world, channelArn: channel.arn as string, insert };
}

describe('CreateAdConfiguration', () => {
  test('has no post-roll unless told otherwise', async () => {
    const { api, adConfiguration } = await withAdConfiguration({ name: 'ads', tags: { a: '1' } });
    assert.match(adConfiguration.arn, /:ad-configuration\/\w{12}$/);
    assert.deepEqual(adConfiguration, {
      arn: adConfiguration.arn,
      name: 'ads',
      ...SETTINGS,
      postRollConfiguration: { enabled: false, durationSeconds: 15 },
      tags: { a: '1' },
    });
    const { body } = await api.call('GetAdConfiguration', { arn: adConfiguration.arn });
    assert.deepEqual(body, { adConfiguration });
    assert.deepEqual((await api.call('ListAdConfigurations')).body, {
      adConfigurations: [adConfiguration],
    });
  });

  test('refuses playback configurations of others, and none at all', async () => {
    const api = new ControlApiHarness();
    for (const configuration of [
      {},
      playback('a', 'us-east-1:123456789012'),
      playback('a', 'us-west-2:210987654321'),
      { playbackConfigurationArn: 'arn:aws:mediatailor:us-west-2:123456789012:channel/a' },
    ]) {
      const mediaTailorPlaybackConfigurations = [playback('a'), configuration];
      const answer = await api.call('CreateAdConfiguration', { mediaTailorPlaybackConfigurations });
      assertError(answer, 400, 'ValidationException');
    }
  });

  test('stops at the quota', async () => {
    const api = new ControlApiHarness({ quotas: { adConfigurations: 1 } });
    await api.call('CreateAdConfiguration', SETTINGS);
    const answer = await api.call('CreateAdConfiguration', SETTINGS);
    assertError(answer, 402, 'ServiceQuotaExceededException');
  });
});

describe('UpdateAdConfiguration', () => {
  test('changes what is given and keeps the rest', async () => {
    const { api, adConfiguration } = await withAdConfiguration({ name: 'a' });
    const { arn } = adConfiguration;
    const postRollConfiguration = { enabled: true, durationSeconds: 60 };
    const { body } = await api.call('UpdateAdConfiguration', { arn, postRollConfiguration });
    const expected = { ...adConfiguration, postRollConfiguration };
    assert.deepEqual(body, { adConfiguration: expected });
    const [only] = [playback('only')];
    const renamed = await api.call('UpdateAdConfiguration', {
      arn,
      name: 'b',
      mediaTailorPlaybackConfigurations: [only],
    });
    assert.deepEqual(renamed.body.adConfiguration, {
      ...expected,
      name: 'b',
      mediaTailorPlaybackConfigurations: [only],
    });
  });

  test('knows nothing of what is not there', async () => {
    const { api, adConfiguration } = await withAdConfiguration();
    const answer = await api.call('UpdateAdConfiguration', { arn: `${adConfiguration.arn}x` });
    assertError(answer, 404, 'ResourceNotFoundException');
  });
});

test('DeleteAdConfiguration refuses while a channel refers to it', async () => {
  const { api, adConfiguration } = await withAdConfiguration();
  const { arn } = adConfiguration;
  const { channel } = await api.createChannel({ adConfigurationArn: arn });
  assertError(await api.call('DeleteAdConfiguration', { arn }), 409, 'ConflictException');
  await api.call('UpdateChannel', { arn: channel.arn, adConfigurationArn: '' });
  assert.equal((await api.call('DeleteAdConfiguration', { arn })).status, 204);
  assertError(await api.call('GetAdConfiguration', { arn }), 404, 'ResourceNotFoundException');
});

describe('InsertAdBreak', () => {
  test('answers with an id of 12 letters and digits, and writes the break down', async () => {
    const { api, channelArn, insert } = await onAir();
    const { status, body } = await insert(30);
    assert.equal(status, 200, body.message);
    assert.match(body.adBreakId, /^[A-Za-z0-9]{12}$/);
    assert.deepEqual(api.store.adBreaks, [
      {
        id: body.adBreakId,
        channelArn,
        streamId: `st-${'0'.repeat(23)}`,
        insertedAtMs: START_MS + 1000,
        durationSeconds: 30,
        endsAtMs: START_MS + 1000 + 10_000 + 30_000,
      },
    ]);
  });

  test('has one in a stream at a time', async () => {
    const { clock, insert } = await onAir();
    await insert(30);
    assertError(await insert(), 409, 'ConflictException');
    clock.nowMs += 37_000;
    assertError(await insert(), 409, 'ConflictException');
    assert.equal((await insert()).status, 200);
  });

  test('needs a channel that has an ad configuration and is live', async () => {
    const { api, clock, adConfiguration } = await withAdConfiguration();
    const insert = (channelArn: string) => {
      clock.nowMs += 1000;
      return api.call('InsertAdBreak', { channelArn, durationSeconds: 1 });
    };
    const { channel: plain } = await api.createChannel();
    api.live.goLive(plain.arn);
    assertError(await insert(plain.arn), 400, 'ValidationException');
    const { channel: offline } = await api.createChannel({
      adConfigurationArn: adConfiguration.arn,
    });
    assertError(await insert(offline.arn), 404, 'ChannelNotBroadcasting');
    assertError(await insert(`${offline.arn}x`), 404, 'ResourceNotFoundException');
  });

  test('is let through once a second', async () => {
    const { api, clock, channelArn, insert } = await onAir();
    await insert(1);
    const { status, body } = await api.call('InsertAdBreak', { channelArn, durationSeconds: 1 });
    assert.equal(status, 429);
    assert.equal(
      body.message,
      `Operation: ivs:InsertAdBreak exceeded call rate: 1 for resource: ${channelArn}`,
    );
    clock.nowMs += 11_000;
    assert.equal((await insert(1)).status, 200);
  });
});
