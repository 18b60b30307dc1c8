import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-ivs';
import { OPERATIONS } from './operation-table.ts';
import { ControlApiHarness, CREDENTIALS, REGION } from './testing/control-api-harness.ts';
import { newPlaybackPublicKey } from './testing/playback-public-key.ts';
import { type Served, serve } from './testing/serve.ts';

/** AWS's own SDK for JavaScript is the judge: it sends, and what it reads is compared. */
describe('the AWS SDK for JavaScript', () => {
  const api = new ControlApiHarness();
  const called = new Set<string>();
  let served: Served;
  let ivs: sdk.IvsClient;

  before(async () => {
    served = await serve(api.handler);
    ivs = new sdk.IvsClient({
      endpoint: served.url,
      region: REGION,
      credentials: CREDENTIALS,
      maxAttempts: 1,
    });
    ivs.middlewareStack.add(
      (next, context) => (args) => {
        called.add((context as { commandName?: string }).commandName ?? '');
        return next(args);
      },
      { step: 'initialize' },
    );
  });

  after(async () => {
    ivs.destroy();
    await served[Symbol.asyncDispose]();
  });

  test('creates, gets, lists, updates and deletes a channel', async () => {
    const created = await ivs.send(
      new sdk.CreateChannelCommand({ name: 'demo', latencyMode: 'LOW', tags: { a: '1' } }),
    );
    assert.match(created.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
    const arn = created.channel?.arn ?? '';
    assert.equal(created.streamKey?.channelArn, arn);
    const got = await ivs.send(new sdk.GetChannelCommand({ arn }));
    assert.deepEqual(got.channel, created.channel);
    const batch = await ivs.send(new sdk.BatchGetChannelCommand({ arns: [arn, `${arn}x`] }));
    assert.deepEqual(batch.channels, [created.channel]);
    assert.equal(batch.errors?.[0]?.code, 'ResourceNotFoundException');
    const listed = await ivs.send(new sdk.ListChannelsCommand({ filterByName: 'demo' }));
    assert.equal(listed.channels?.[0]?.arn, arn);
    const updated = await ivs.send(new sdk.UpdateChannelCommand({ arn, latencyMode: 'NORMAL' }));
    assert.equal(updated.channel?.latencyMode, 'NORMAL');
    const deleted = await ivs.send(new sdk.DeleteChannelCommand({ arn }));
    assert.equal(deleted.$metadata.httpStatusCode, 204);
  });

  test('handles stream keys', async () => {
    const { channel, streamKey } = await ivs.send(new sdk.CreateChannelCommand({}));
    const channelArn = channel?.arn ?? '';
    const arn = streamKey?.arn ?? '';
    assert.deepEqual((await ivs.send(new sdk.GetStreamKeyCommand({ arn }))).streamKey, streamKey);
    const batch = await ivs.send(new sdk.BatchGetStreamKeyCommand({ arns: [arn] }));
    assert.deepEqual(batch.streamKeys, [streamKey]);
    const listed = await ivs.send(new sdk.ListStreamKeysCommand({ channelArn }));
    assert.equal(listed.streamKeys?.[0]?.arn, arn);
    await assert.rejects(ivs.send(new sdk.CreateStreamKeyCommand({ channelArn })), (error) => {
      assert.ok(error instanceof sdk.ServiceQuotaExceededException);
      assert.equal(error.$metadata.httpStatusCode, 402);
      return true;
    });
    await ivs.send(new sdk.DeleteStreamKeyCommand({ arn }));
    const { streamKey: next } = await ivs.send(new sdk.CreateStreamKeyCommand({ channelArn }));
    assert.notEqual(next?.value, streamKey?.value);
  });

  test('reads streams and sessions with their times', async () => {
    const { channel } = await ivs.send(new sdk.CreateChannelCommand({}));
    const channelArn = channel?.arn ?? '';
    const record = api.store.channels.get(channelArn);
    assert.ok(record);
    const live = api.live.goLive(channelArn);
    const startTime = new Date(live.startTimeMs);
    api.store.sessions.push({
      streamId: live.streamId,
      channelArn,
      startTimeMs: live.startTimeMs,
      hasErrorEvent: false,
      channel: record,
      events: [{ name: 'Stream Start', timeMs: live.startTimeMs }],
    });
    const { stream } = await ivs.send(new sdk.GetStreamCommand({ channelArn }));
    assert.deepEqual([stream?.state, stream?.startTime], ['LIVE', startTime]);
    const { streams } = await ivs.send(
      new sdk.ListStreamsCommand({ filterBy: { health: 'HEALTHY' } }),
    );
    assert.equal(streams?.[0]?.streamId, live.streamId);
    const { streamSession } = await ivs.send(new sdk.GetStreamSessionCommand({ channelArn }));
    assert.deepEqual(streamSession?.channel, channel);
    assert.deepEqual(streamSession?.truncatedEvents?.[0]?.eventTime, startTime);
    const { streamSessions } = await ivs.send(new sdk.ListStreamSessionsCommand({ channelArn }));
    assert.deepEqual(streamSessions, [
      { streamId: live.streamId, startTime, hasErrorEvent: false },
    ]);
    await ivs.send(new sdk.StopStreamCommand({ channelArn }));
  });

  test('handles playback key pairs', async () => {
    const publicKeyMaterial = newPlaybackPublicKey();
    const { keyPair } = await ivs.send(
      new sdk.ImportPlaybackKeyPairCommand({ publicKeyMaterial, name: 'key', tags: { a: '1' } }),
    );
    const arn = keyPair?.arn ?? '';
    assert.match(keyPair?.fingerprint ?? '', /^[0-9a-f:]{47}$/);
    assert.deepEqual((await ivs.send(new sdk.GetPlaybackKeyPairCommand({ arn }))).keyPair, keyPair);
    const { keyPairs } = await ivs.send(new sdk.ListPlaybackKeyPairsCommand({}));
    assert.deepEqual(keyPairs, [{ arn, name: 'key', tags: { a: '1' } }]);
    const again = ivs.send(new sdk.ImportPlaybackKeyPairCommand({ publicKeyMaterial }));
    await assert.rejects(again, sdk.ConflictException);
    const deleted = await ivs.send(new sdk.DeletePlaybackKeyPairCommand({ arn }));
    assert.equal(deleted.$metadata.httpStatusCode, 200);
  });

  test('handles playback restriction policies', async () => {
    const allowedCountries = ['CH', 'AT'];
    const { playbackRestrictionPolicy: policy } = await ivs.send(
      new sdk.CreatePlaybackRestrictionPolicyCommand({ name: 'dach', allowedCountries }),
    );
    const arn = policy?.arn ?? '';
    const got = await ivs.send(new sdk.GetPlaybackRestrictionPolicyCommand({ arn }));
    assert.deepEqual(got.playbackRestrictionPolicy, policy);
    const listed = await ivs.send(new sdk.ListPlaybackRestrictionPoliciesCommand({}));
    assert.deepEqual(listed.playbackRestrictionPolicies, [policy]);
    const updated = await ivs.send(
      new sdk.UpdatePlaybackRestrictionPolicyCommand({ arn, enableStrictOriginEnforcement: true }),
    );
    const strict = { ...policy, enableStrictOriginEnforcement: true };
    assert.deepEqual(updated.playbackRestrictionPolicy, strict);
    const { channel } = await ivs.send(
      new sdk.CreateChannelCommand({ playbackRestrictionPolicyArn: arn }),
    );
    const deletion = () => ivs.send(new sdk.DeletePlaybackRestrictionPolicyCommand({ arn }));
    await assert.rejects(deletion(), sdk.ConflictException);
    await ivs.send(new sdk.DeleteChannelCommand({ arn: channel?.arn }));
    assert.equal((await deletion()).$metadata.httpStatusCode, 204);
  });

  test('handles recording configurations', async () => {
    const { recordingConfiguration: created } = await ivs.send(
      new sdk.CreateRecordingConfigurationCommand({
        name: 'vod',
        destinationConfiguration: { s3: { bucketName: 'bucket' } },
      }),
    );
    const arn = created?.arn ?? '';
    assert.equal(created?.state, 'CREATING');
    await api.recordingDestinations[Symbol.asyncDispose]();
    const got = await ivs.send(new sdk.GetRecordingConfigurationCommand({ arn }));
    assert.deepEqual(got.recordingConfiguration, { ...created, state: 'ACTIVE' });
    const listed = await ivs.send(new sdk.ListRecordingConfigurationsCommand({}));
    assert.equal(listed.recordingConfigurations?.[0]?.state, 'ACTIVE');
    const deleted = await ivs.send(new sdk.DeleteRecordingConfigurationCommand({ arn }));
    assert.equal(deleted.$metadata.httpStatusCode, 204);
    const gone = ivs.send(new sdk.GetRecordingConfigurationCommand({ arn }));
    await assert.rejects(gone, sdk.ResourceNotFoundException);
  });

  test('handles ad configurations, ad breaks and timed metadata', async () => {
    const playbackConfigurationArn =
      'arn:aws:mediatailor:us-west-2:123456789012:playbackConfiguration/ads';
    const { adConfiguration } = await ivs.send(
      new sdk.CreateAdConfigurationCommand({
        mediaTailorPlaybackConfigurations: [{ playbackConfigurationArn }],
      }),
    );
    const arn = adConfiguration?.arn ?? '';
    const got = await ivs.send(new sdk.GetAdConfigurationCommand({ arn }));
    assert.deepEqual(got.adConfiguration, adConfiguration);
    const listed = await ivs.send(new sdk.ListAdConfigurationsCommand({}));
    assert.deepEqual(listed.adConfigurations, [adConfiguration]);
    const updated = await ivs.send(new sdk.UpdateAdConfigurationCommand({ arn, name: 'ads' }));
    assert.equal(updated.adConfiguration?.name, 'ads');

    const { channel } = await ivs.send(new sdk.CreateChannelCommand({ adConfigurationArn: arn }));
    const channelArn = channel?.arn ?? '';
    const insertion = () =>
      ivs.send(new sdk.InsertAdBreakCommand({ channelArn, durationSeconds: 30 }));
    api.live.goLive(channelArn);
    assert.match((await insertion()).adBreakId ?? '', /^[A-Za-z0-9]{12}$/);
    await assert.rejects(insertion(), sdk.ThrottlingException);
    const put = await ivs.send(new sdk.PutMetadataCommand({ channelArn, metadata: 'goal' }));
    assert.equal(put.$metadata.httpStatusCode, 204);
    assert.deepEqual(api.live.metadata, [{ channelArn, metadata: 'goal' }]);
    await ivs.send(new sdk.StopStreamCommand({ channelArn }));
    await ivs.send(new sdk.DeleteChannelCommand({ arn: channelArn }));
    const deleted = await ivs.send(new sdk.DeleteAdConfigurationCommand({ arn }));
    assert.equal(deleted.$metadata.httpStatusCode, 204);
  });

  test('revokes viewer sessions', async () => {
    const { channel } = await ivs.send(new sdk.CreateChannelCommand({ authorized: true }));
    const channelArn = channel?.arn ?? '';
    await ivs.send(new sdk.StartViewerSessionRevocationCommand({ channelArn, viewerId: 'a' }));
    const { errors } = await ivs.send(
      new sdk.BatchStartViewerSessionRevocationCommand({
        viewerSessions: [
          { channelArn, viewerId: 'b', viewerSessionVersionsLessThanOrEqualTo: 2 },
          { channelArn: `${channelArn}x`, viewerId: 'c' },
        ],
      }),
    );
    assert.deepEqual(
      errors?.map(({ viewerId, code }) => [viewerId, code]),
      [['c', '404']],
    );
    const revocation = await api.store.getViewerSessionRevocation(channelArn, 'b');
    assert.equal(revocation?.versionsThrough, 2);
  });

  test('tags', async () => {
    const { channel } = await ivs.send(new sdk.CreateChannelCommand({}));
    const resourceArn = channel?.arn ?? '';
    await ivs.send(new sdk.TagResourceCommand({ resourceArn, tags: { a: '1', 'b c/ü': '2' } }));
    await ivs.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: ['a', 'none'] }));
    const { tags } = await ivs.send(new sdk.ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(tags, { 'b c/ü': '2' });
  });

  test('gets errors as its exceptions, with both messages', async () => {
    const { channel } = await ivs.send(new sdk.CreateChannelCommand({}));
    const channelArn = channel?.arn ?? '';
    const message = `Channel: ${channelArn} is not currently online`;
    await assert.rejects(ivs.send(new sdk.GetStreamCommand({ channelArn })), (error) => {
      assert.ok(error instanceof sdk.ChannelNotBroadcasting);
      assert.deepEqual([error.message, error.exceptionMessage], [message, message]);
      assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
      return true;
    });
    const expected: [Promise<unknown>, new (...options: never[]) => Error][] = [
      [ivs.send(new sdk.GetChannelCommand({ arn: '' })), sdk.ValidationException],
      [
        ivs.send(new sdk.GetChannelCommand({ arn: `${channelArn}x` })),
        sdk.ResourceNotFoundException,
      ],
      [
        ivs.send(
          new sdk.ListChannelsCommand({
            filterByName: 'a',
            filterByRecordingConfigurationArn:
              'arn:aws:ivs:us-west-2:123456789012:recording-configuration/a',
          }),
        ),
        sdk.ConflictException,
      ],
    ];
    for (const [call, Exception] of expected) await assert.rejects(call, Exception);
  });

  test('pages', async () => {
    const names = Array.from({ length: 5 }, (_, i) => `page-${i}`);
    for (const name of names) await ivs.send(new sdk.CreateChannelCommand({ name }));
    const seen: (string | undefined)[] = [];
    for await (const page of sdk.paginateListChannels({ client: ivs, pageSize: 2 }, {})) {
      seen.push(...(page.channels ?? []).map(({ name }) => name));
    }
    assert.deepEqual(seen.filter((name) => name?.startsWith('page-')).sort(), names);
  });

  test('has called every operation above', () => {
    const names = OPERATIONS.map(({ name }) => `${name}Command`);
    assert.deepEqual(
      names.filter((name) => !called.has(name)),
      [],
    );
  });
});
