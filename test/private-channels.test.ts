import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  BatchStartViewerSessionRevocationCommand,
  CreatePlaybackRestrictionPolicyCommand,
  DeletePlaybackKeyPairCommand,
  ImportPlaybackKeyPairCommand,
  StartViewerSessionRevocationCommand,
  UpdateChannelCommand,
  UpdatePlaybackRestrictionPolicyCommand,
} from '@aws-sdk/client-ivs';
import { parseMultivariantPlaylist } from '../src/protocols/hls/testing/multivariant-playlist-parser.ts';
import {
  type IvoryAccess,
  type IvoryInProcess,
  IvoryProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { TokenKey } from './support/playback-tokens.ts';
import { publish } from './support/publisher.ts';
import { until } from './support/until.ts';

const CUT_WITHIN_MS = 5_000;

const claimsFor = (channel: TestChannel, more: object = {}) => ({
  'aws:channel-arn': channel.arn,
  exp: Math.floor(Date.now() / 1000) + 300,
  ...more,
});

const withToken = (channel: TestChannel, token: string) => `${channel.playbackUrl}?token=${token}`;

/** The media playlist's URL of a playback that is let in. */
async function start(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return parseMultivariantPlaylist(text).variants[0]!.uri;
}

async function refusalOf(response: Response): Promise<readonly [status: number, code: string]> {
  const [refusal] = (await response.json()) as [{ error_code: string }];
  return [response.status, refusal.error_code];
}

async function importKey(ivory: IvoryAccess, key: TokenKey): Promise<string> {
  const command = new ImportPlaybackKeyPairCommand({ publicKeyMaterial: key.publicKeyPem });
  return (await ivory.ivs.send(command)).keyPair!.arn!;
}

describe('a private channel on air', () => {
  let ivory: IvoryInProcess;
  let channel: TestChannel;
  let encoder: ReturnType<typeof publish>;
  const key = new TokenKey();

  before(async () => {
    ivory = await startIvoryForTest();
    await importKey(ivory, key);
    channel = await ivory.createChannel({ authorized: true });
    encoder = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
  });
  after(async () => {
    await encoder?.[Symbol.asyncDispose]();
    await ivory?.[Symbol.asyncDispose]();
  });

  /** A player that reloads as fast as the server lets it, until it is refused. */
  async function watch(token: string) {
    const url = await start(withToken(channel, token));
    let [msn, part] = [0, 0];
    let reloads = 0;
    const refused = (async () => {
      for (;;) {
        const query = reloads === 0 ? '' : `&_HLS_msn=${msn}&_HLS_part=${part}`;
        const response = await fetch(url + query);
        if (!response.ok) return { refusal: await refusalOf(response), atMs: performance.now() };
        const text = await response.text();
        const [, lastMsn, lastPart] = [...text.matchAll(/URI="(\d+)\.(\d+)\.m4s"/g)].at(-1) ?? [];
        [msn, part] = [Number(lastMsn), Number(lastPart)];
        reloads++;
      }
    })();
    return { url, refused, reloads: () => reloads };
  }

  test('plays for who has a token, and for nobody else', async () => {
    const playlist = await fetch(await start(withToken(channel, key.token(claimsFor(channel)))));
    assert.equal(playlist.status, 200);
    assert.match(await playlist.text(), /#EXT-X-PART/);
    for (const url of [
      channel.playbackUrl,
      withToken(channel, new TokenKey().token(claimsFor(channel))),
    ]) {
      assert.deepEqual(await refusalOf(await fetch(url)), [403, 'invalid_playback_auth_token']);
    }
  });

  test('a revocation cuts what the viewer watches within 5 s, and leaves others alone', async () => {
    const tokenOf = (viewerId: string, version: number) =>
      key.token(
        claimsFor(channel, { 'aws:viewer-id': viewerId, 'aws:viewer-session-version': version }),
      );
    const viewers = {
      ann: await watch(tokenOf('ann', 1)),
      annAgain: await watch(tokenOf('ann', 2)),
      bob: await watch(tokenOf('bob', 0)),
      carl: await watch(tokenOf('carl', 0)),
    };
    const revokedAtMs = performance.now();
    await ivory.ivs.send(
      new StartViewerSessionRevocationCommand({
        channelArn: channel.arn,
        viewerId: 'ann',
        viewerSessionVersionsLessThanOrEqualTo: 1,
      }),
    );
    await ivory.ivs.send(
      new BatchStartViewerSessionRevocationCommand({
        viewerSessions: [{ channelArn: channel.arn, viewerId: 'bob' }],
      }),
    );
    for (const viewer of [viewers.ann, viewers.bob]) {
      const { refusal, atMs } = await viewer.refused;
      assert.deepEqual(refusal, [403, 'invalid_playback_auth_token']);
      assert.ok(atMs - revokedAtMs < CUT_WITHIN_MS);
    }
    const others = [viewers.annAgain, viewers.carl];
    const seen = others.map(({ reloads }) => reloads());
    await until(
      'the others to play on',
      () => others.every(({ reloads }, i) => reloads() > seen[i]! + 1),
      {
        timeoutMs: 5_000,
      },
    );
    for (const [token, status] of [
      [tokenOf('ann', 1), 403],
      [tokenOf('ann', 2), 200],
      [tokenOf('bob', 0), 403],
      [tokenOf('carl', 0), 200],
    ] as const) {
      assert.equal((await fetch(withToken(channel, token))).status, status);
    }
    // The other two play on until they are revoked as well: nothing of this test is left running.
    for (const viewerId of ['ann', 'carl']) {
      const versions = { viewerSessionVersionsLessThanOrEqualTo: 9 };
      const input = { channelArn: channel.arn, viewerId, ...versions };
      await ivory.ivs.send(new StartViewerSessionRevocationCommand(input));
    }
    await Promise.all([viewers.annAgain.refused, viewers.carl.refused]);
  });

  test('a deleted key starts nothing any more, and what it started plays on', async () => {
    const other = new TokenKey();
    const arn = await importKey(ivory, other);
    const token = other.token(claimsFor(channel));
    const playlistUrl = await start(withToken(channel, token));
    await ivory.ivs.send(new DeletePlaybackKeyPairCommand({ arn }));
    const refused = await refusalOf(await fetch(withToken(channel, token)));
    assert.deepEqual(refused, [403, 'invalid_playback_auth_token']);
    assert.equal((await fetch(playlistUrl)).status, 200);
  });

  test('a channel can’t be made public while it is live', async () => {
    const update = new UpdateChannelCommand({ arn: channel.arn, authorized: false });
    await assert.rejects(ivory.ivs.send(update), { name: 'ConflictException' });
  });

  test('no line of the log has a token in it', () => {
    assert.doesNotMatch(JSON.stringify(ivory.log.lines), /eyJ/);
  });
});

test('a policy holds for who starts after it changed', async () => {
  await using ivory = await startIvoryForTest();
  const policy = { allowedOrigins: ['https://a.example'] };
  const { playbackRestrictionPolicy } = await ivory.ivs.send(
    new CreatePlaybackRestrictionPolicyCommand(policy),
  );
  const { arn } = playbackRestrictionPolicy!;
  const channel = await ivory.createChannel({ playbackRestrictionPolicyArn: arn });
  await using _encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
  const statusFrom = async (origin: string) =>
    (await fetch(channel.playbackUrl, { headers: { origin } })).status;
  assert.deepEqual(
    [await statusFrom('https://a.example'), await statusFrom('https://b.example')],
    [200, 403],
  );
  const playing = await start(channel.playbackUrl);
  const changed = {
    arn,
    allowedOrigins: ['https://b.example'],
    enableStrictOriginEnforcement: true,
  };
  await ivory.ivs.send(new UpdatePlaybackRestrictionPolicyCommand(changed));
  assert.deepEqual(
    [await statusFrom('https://a.example'), await statusFrom('https://b.example')],
    [403, 200],
  );
  assert.equal((await fetch(playing, { headers: { origin: 'https://a.example' } })).status, 200);
});

test('used tokens and revoked viewers stay so over a kill and a restart', async () => {
  await using directory = await temporaryDirectory();
  const key = new TokenKey();
  const tokens = (channel: TestChannel) => ({
    used: key.token(claimsFor(channel, { 'aws:single-use-uuid': randomUUID() })),
    unused: key.token(claimsFor(channel, { 'aws:single-use-uuid': randomUUID() })),
    revoked: key.token(claimsFor(channel, { 'aws:viewer-id': 'ann' })),
    other: key.token(claimsFor(channel, { 'aws:viewer-id': 'bob' })),
  });
  let channel: TestChannel;
  let made: ReturnType<typeof tokens>;
  let session: string;
  {
    await using server = new IvoryProcess(directory.path);
    const ivory = await server.ready();
    await importKey(ivory, key);
    channel = await ivory.createChannel({ authorized: true });
    made = tokens(channel);
    await using _encoder = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
    session = new URL(await start(withToken(channel, made.used))).search;
    await ivory.ivs.send(
      new StartViewerSessionRevocationCommand({ channelArn: channel.arn, viewerId: 'ann' }),
    );
    await server.kill('SIGKILL');
  }
  await using server = new IvoryProcess(directory.path);
  const ivory = await server.ready();
  const again = ivory.testChannel(channel.channel, channel.streamKey);
  await using _encoder = publish(again.rtmpUrl);
  await ivory.untilLive(again.arn);
  const statusOf = async (token: string) => (await fetch(withToken(again, token))).status;
  assert.equal(await statusOf(made.used), 403);
  assert.equal(await statusOf(made.revoked), 403);
  assert.equal(await statusOf(made.other), 200);
  const playlistUrl = new URL(await start(withToken(again, made.unused)));
  playlistUrl.search = session;
  assert.equal((await fetch(playlistUrl)).status, 403, 'a session of the stream before');
});
