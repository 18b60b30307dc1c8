import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordingConfigurationState } from '../../domain/recording-configuration.ts';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

const ELSEWHERE = 'arn:aws:ivs:us-east-1:123456789012:channel/abcdABCDefgh';
const NOWHERE = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
const RECORDING = 'arn:aws:ivs:us-west-2:123456789012:recording-configuration/abcdABCDefgh';
const MEDIA_TAILOR = 'arn:aws:mediatailor:us-west-2:123456789012:playbackConfiguration/ads';
const POLICY = 'arn:aws:ivs:us-west-2:123456789012:playback-restriction-policy/abcdABCDefgh';

describe('CreateChannel', () => {
  test('answers with the channel as IVS shows it, and its stream key', async () => {
    const api = new ControlApiHarness();
    const { channel, streamKey } = await api.createChannel({ name: 'demo', tags: { team: 'a' } });
    const [, id] = /^arn:aws:ivs:us-west-2:123456789012:channel\/(\w{12})$/.exec(channel.arn) ?? [];
    assert.ok(id);
    assert.match(channel.srt.passphrase, /^[A-Za-z0-9]{69}$/);
    assert.deepEqual(channel, {
      arn: channel.arn,
      name: 'demo',
      latencyMode: 'LOW',
      type: 'STANDARD',
      recordingConfigurationArn: '',
      ingestEndpoint: 'ingest.example.com',
      playbackUrl: `https://play.example.com/api/video/v1/us-west-2.123456789012.channel.${id}.m3u8`,
      authorized: false,
      tags: { team: 'a' },
      insecureIngest: false,
      preset: '',
      srt: { endpoint: 'srt.example.com', passphrase: channel.srt.passphrase },
      playbackRestrictionPolicyArn: '',
      multitrackInputConfiguration: {
        enabled: false,
        policy: 'ALLOW',
        maximumResolution: 'FULL_HD',
      },
      containerFormat: 'TS',
      adConfigurationArn: '',
    });
    assert.match(streamKey.arn, /^arn:aws:ivs:us-west-2:123456789012:stream-key\/\w{12}$/);
    assert.match(streamKey.value, /^sk_us-west-2_[A-Za-z0-9]{12}_[A-Za-z0-9]{30}$/);
    assert.equal(streamKey.channelArn, channel.arn);
    assert.deepEqual(streamKey.tags, {});
  });

  test('needs no name, and no body at all', async () => {
    const api = new ControlApiHarness();
    const { status, body } = await api.send('POST', '/CreateChannel');
    assert.equal(status, 200);
    assert.equal(body.channel.name, '');
  });

  test('refuses to attach what does not exist', async () => {
    const api = new ControlApiHarness();
    for (const settings of [
      { recordingConfigurationArn: RECORDING },
      { playbackRestrictionPolicyArn: POLICY },
    ]) {
      assertError(await api.call('CreateChannel', settings), 404, 'ResourceNotFoundException');
    }
    await api.createChannel({ recordingConfigurationArn: '', playbackRestrictionPolicyArn: '' });
  });

  test('refers to what the tenant has, and to a recording configuration that is ACTIVE', async () => {
    const api = new ControlApiHarness();
    const { body: recorded } = await api.call('CreateRecordingConfiguration', {
      destinationConfiguration: { s3: { bucketName: 'bucket' } },
    });
    const { body: restricted } = await api.call('CreatePlaybackRestrictionPolicy');
    const { body: advertised } = await api.call('CreateAdConfiguration', {
      mediaTailorPlaybackConfigurations: [{ playbackConfigurationArn: MEDIA_TAILOR }],
    });
    const settings = {
      recordingConfigurationArn: recorded.recordingConfiguration.arn,
      playbackRestrictionPolicyArn: restricted.playbackRestrictionPolicy.arn,
      adConfigurationArn: advertised.adConfiguration.arn,
    };
    await api.recordingDestinations[Symbol.asyncDispose]();
    const setState = (state: RecordingConfigurationState) =>
      api.store.recordingConfigurations.update(settings.recordingConfigurationArn, (current) => ({
        ...current,
        state,
      }));
    await setState('CREATING');
    const tooEarly = await api.call('CreateChannel', settings);
    assertError(tooEarly, 400, 'ValidationException');
    assert.match(tooEarly.body.message, /its state is CREATING$/);
    await setState('ACTIVE');

    const { channel } = await api.createChannel(settings);
    for (const [member, arn] of Object.entries(settings)) assert.equal(channel[member], arn);
    for (const [filter, arn] of [
      ['filterByRecordingConfigurationArn', settings.recordingConfigurationArn],
      ['filterByPlaybackRestrictionPolicyArn', settings.playbackRestrictionPolicyArn],
      ['filterByAdConfigurationArn', settings.adConfigurationArn],
    ]) {
      const { body } = await api.call('ListChannels', { [String(filter)]: arn });
      assert.equal(body.channels.length, 1);
    }
    const fragmented = { arn: channel.arn, containerFormat: 'FRAGMENTED_MP4' };
    assertError(await api.call('UpdateChannel', fragmented), 400, 'ValidationException');

    // Of another region the same ARN is nobody's.
    const elsewhere = await api.call('CreateChannel', settings, { region: 'eu-west-1' });
    assertError(elsewhere, 404, 'ResourceNotFoundException');
  });

  test('answers 404 when what it refers to is deleted at the last moment', async () => {
    const api = new ControlApiHarness();
    const { body } = await api.call('CreatePlaybackRestrictionPolicy');
    const { arn } = body.playbackRestrictionPolicy;
    const { channel } = await api.createChannel();
    const { playbackRestrictionPolicies } = api.store;
    playbackRestrictionPolicies.get = async () => {
      const policy = playbackRestrictionPolicies.byArn.get(arn);
      playbackRestrictionPolicies.byArn.delete(arn);
      return policy;
    };
    const settings = { playbackRestrictionPolicyArn: arn };
    assertError(await api.call('CreateChannel', settings), 404, 'ResourceNotFoundException');
    playbackRestrictionPolicies.get = async () => ({}) as never;
    const update = await api.call('UpdateChannel', { arn: channel.arn, ...settings });
    assertError(update, 404, 'ResourceNotFoundException');
  });

  test('judges the settings before it looks for what they name', async () => {
    const api = new ControlApiHarness();
    const settings = { recordingConfigurationArn: RECORDING, preset: 'HIGHER_BANDWIDTH_DELIVERY' };
    assertError(await api.call('CreateChannel', settings), 400, 'ValidationException');
    const tagged = { recordingConfigurationArn: RECORDING, tags: { 'aws:x': '' } };
    assertError(await api.call('CreateChannel', tagged), 400, 'ValidationException');
  });

  test('stops at the quota', async () => {
    const api = new ControlApiHarness({ quotas: { channels: 2 } });
    const answers = await Promise.all([1, 2, 3].map(() => api.call('CreateChannel')));
    const [refused] = answers.filter(({ status }) => status !== 200);
    assert.ok(refused);
    assertError(refused, 402, 'ServiceQuotaExceededException');
    assert.equal(api.store.channels.size, 2);
    assert.equal(api.store.streamKeys.size, 2);
  });
});

describe('GetChannel', () => {
  test('answers with the channel that was created', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel({ name: 'demo' });
    assert.deepEqual((await api.call('GetChannel', { arn: channel.arn })).body, { channel });
  });

  test('knows nothing of channels that are not there, or another tenant’s', async () => {
    const api = new ControlApiHarness();
    for (const arn of [NOWHERE, ELSEWHERE]) {
      assertError(await api.call('GetChannel', { arn }), 404, 'ResourceNotFoundException');
    }
  });
});

describe('BatchGetChannel', () => {
  test('answers with what there is and names the rest, each once, in the order asked for', async () => {
    const api = new ControlApiHarness();
    const { channel: a } = await api.createChannel({ name: 'a' });
    const { channel: b } = await api.createChannel({ name: 'b' });
    const arns = [b.arn, NOWHERE, a.arn, b.arn, ELSEWHERE, NOWHERE];
    const { status, body } = await api.call('BatchGetChannel', { arns });
    assert.equal(status, 200);
    assert.deepEqual(body.channels, [b, a]);
    assert.deepEqual(
      body.errors.map(({ arn, code }: { arn: string; code: string }) => [arn, code]),
      [
        [NOWHERE, 'ResourceNotFoundException'],
        [ELSEWHERE, 'ResourceNotFoundException'],
      ],
    );
  });
});

describe('ListChannels', () => {
  test('lists exactly the members of a summary', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel({ name: 'demo' });
    const summary = { ...channel };
    for (const member of [
      'ingestEndpoint',
      'playbackUrl',
      'srt',
      'multitrackInputConfiguration',
      'containerFormat',
    ]) {
      delete summary[member];
    }
    assert.deepEqual((await api.call('ListChannels')).body, { channels: [summary] });
  });

  test('pages through all channels once, while others come and go', async () => {
    const api = new ControlApiHarness({ nowMs: tickingClock() });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const arns = [];
    for (const name of names) arns.push((await api.createChannel({ name })).channel.arn);
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const { body } = await api.call('ListChannels', { maxResults: 2, nextToken });
      assert.ok(body.channels.length <= 2);
      seen.push(...body.channels.map(({ name }: { name: string }) => name));
      nextToken = body.nextToken;
      if (seen.length === 2) {
        await api.call('DeleteChannel', { arn: arns[1] });
        await api.createChannel({ name: 'f' });
      }
    } while (nextToken);
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('filters by the exact name', async () => {
    const api = new ControlApiHarness();
    for (const name of ['demo', 'demo2', 'Demo']) await api.createChannel({ name });
    const { body } = await api.call('ListChannels', { filterByName: 'demo' });
    assert.deepEqual(
      body.channels.map(({ name }: { name: string }) => name),
      ['demo'],
    );
  });

  test('refuses more than one filter, and takes an empty one for none', async () => {
    const api = new ControlApiHarness();
    const filterByName = 'a';
    const two = { filterByName, filterByRecordingConfigurationArn: RECORDING };
    assertError(await api.call('ListChannels', two), 409, 'ConflictException');
    const one = { filterByName, filterByRecordingConfigurationArn: '' };
    assert.equal((await api.call('ListChannels', one)).status, 200);
  });

  test('refuses a token of another filter', async () => {
    const api = new ControlApiHarness();
    await api.createChannel();
    await api.createChannel();
    const { nextToken } = (await api.call('ListChannels', { maxResults: 1 })).body;
    const answer = await api.call('ListChannels', { filterByName: 'a', nextToken });
    assertError(answer, 400, 'ValidationException');
  });
});

describe('UpdateChannel', () => {
  test('takes what GetChannel gave, for every type', async () => {
    for (const type of ['BASIC', 'STANDARD', 'ADVANCED_SD', 'ADVANCED_HD']) {
      const api = new ControlApiHarness();
      const { channel } = await api.createChannel({ type });
      const { status, body } = await api.call('UpdateChannel', { ...channel, name: 'renamed' });
      assert.equal(status, 200);
      assert.deepEqual(body, { channel: { ...channel, name: 'renamed' } });
    }
  });

  test('changes what is given and keeps the rest', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel({ name: 'a', authorized: true, tags: { k: 'v' } });
    const update = { arn: channel.arn, name: 'b', type: 'ADVANCED_HD', authorized: null };
    const { status, body } = await api.call('UpdateChannel', update);
    assert.equal(status, 200);
    const expected = {
      ...channel,
      name: 'b',
      type: 'ADVANCED_HD',
      preset: 'HIGHER_BANDWIDTH_DELIVERY',
    };
    assert.deepEqual(body, { channel: expected });
    assert.deepEqual((await api.call('GetChannel', { arn: channel.arn })).body, {
      channel: expected,
    });
  });

  test('loses no member when two change the same channel at once', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel();
    const { arn } = channel;
    await Promise.all([
      api.call('UpdateChannel', { arn, name: 'new' }),
      api.call('UpdateChannel', { arn, latencyMode: 'NORMAL' }),
    ]);
    const { body } = await api.call('GetChannel', { arn });
    assert.deepEqual(body.channel, { ...channel, name: 'new', latencyMode: 'NORMAL' });
  });

  test('prefers 400 to 404 to 409', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel();
    api.live.goLive(channel.arn);
    const { arn } = channel;
    const cases: [object, number, string][] = [
      [{ arn: NOWHERE, latencyMode: 'x' }, 400, 'ValidationException'],
      [
        { arn: NOWHERE, multitrackInputConfiguration: { enabled: true } },
        400,
        'ValidationException',
      ],
      [{ arn, preset: 'HIGHER_BANDWIDTH_DELIVERY' }, 400, 'ValidationException'],
      [{ arn: NOWHERE, name: 'a' }, 404, 'ResourceNotFoundException'],
      [{ arn, recordingConfigurationArn: RECORDING }, 404, 'ResourceNotFoundException'],
      [{ arn, name: 'a' }, 409, 'ConflictException'],
    ];
    for (const [input, status, name] of cases) {
      assertError(await api.call('UpdateChannel', input), status, name);
    }
    assert.deepEqual((await api.call('GetChannel', { arn })).body, { channel });
  });

  test('refuses while an encoder is connected, live or not', async () => {
    const api = new ControlApiHarness();
    const { arn } = (await api.createChannel()).channel;
    api.live.connecting.add(arn);
    assertError(await api.call('UpdateChannel', { arn, name: 'a' }), 409, 'ConflictException');
    await api.call('StopStream', { channelArn: arn });
    assert.equal((await api.call('UpdateChannel', { arn, name: 'a' })).status, 200);
  });
});

describe('DeleteChannel', () => {
  test('answers 204 without a body, and takes the stream key along', async () => {
    const api = new ControlApiHarness();
    const { channel, streamKey } = await api.createChannel();
    const { status, body } = await api.call('DeleteChannel', { arn: channel.arn });
    assert.deepEqual([status, body], [204, undefined]);
    for (const [operation, arn] of [
      ['GetChannel', channel.arn],
      ['GetStreamKey', streamKey.arn],
      ['DeleteChannel', channel.arn],
    ]) {
      assertError(await api.call(operation, { arn }), 404, 'ResourceNotFoundException');
    }
  });

  test('refuses while the channel is live', async () => {
    const api = new ControlApiHarness();
    const { arn } = (await api.createChannel()).channel;
    api.live.goLive(arn);
    assertError(await api.call('DeleteChannel', { arn }), 409, 'ConflictException');
    await api.call('StopStream', { channelArn: arn });
    assert.equal((await api.call('DeleteChannel', { arn })).status, 204);
  });

  test('stops an encoder that got in while the records were being deleted', async () => {
    const api = new ControlApiHarness();
    const { arn } = (await api.createChannel()).channel;
    const { deleteChannel } = api.store;
    api.store.deleteChannel = (which) => {
      api.live.goLive(which);
      return deleteChannel.call(api.store, which);
    };
    assert.equal((await api.call('DeleteChannel', { arn })).status, 204);
    assert.equal(api.live.hasSession(arn), false);
  });
});

/** Channels of a test are created a millisecond apart, in their order. */
function tickingClock(): () => number {
  let nowMs = Date.now();
  return () => nowMs++;
}
