import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CreatePlaybackRestrictionPolicyCommand,
  ImportPlaybackKeyPairCommand,
  StartViewerSessionRevocationCommand,
} from '@aws-sdk/client-ivs';
import { Chromium, type HlsReport } from './support/chromium.ts';
import { type IvoryInProcess, startIvoryForTest, type TestChannel } from './support/ivory.ts';
import { TokenKey } from './support/playback-tokens.ts';
import { publish } from './support/publisher.ts';

/** Until the player says so: the cut itself, the request that meets it, and what the player still makes of it. */
const CUT_WITHIN_MS = 5_000;

let ivory: IvoryInProcess;
let chromium: Chromium;
let channel: TestChannel;
let encoder: ReturnType<typeof publish>;
const key = new TokenKey();

before(async () => {
  [ivory, chromium] = await Promise.all([startIvoryForTest(), Chromium.launch()]);
  const publicKey = new ImportPlaybackKeyPairCommand({ publicKeyMaterial: key.publicKeyPem });
  await ivory.ivs.send(publicKey);
  channel = await ivory.createChannel({ authorized: true });
  encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
});
after(async () => {
  await chromium?.[Symbol.asyncDispose]();
  await encoder?.[Symbol.asyncDispose]();
  await ivory?.[Symbol.asyncDispose]();
});

const urlWith = (more: object = {}) => {
  const exp = Math.floor(Date.now() / 1000) + 300;
  return `${channel.playbackUrl}?token=${key.token({ 'aws:channel-arn': channel.arn, exp, ...more })}`;
};

/** hls.js may also have to skip to where its first fragment begins: what it was refused has a status. */
const refusals = (errors: HlsReport['errors']) =>
  errors.filter(({ isFatal, status }) => isFatal || status !== undefined);

/** The claims of an allowed viewer, by what is special of it. */
const ALLOWED = {
  'a plain token': () => ({}),
  'a token for one use': () => ({ 'aws:single-use-uuid': randomUUID() }),
  'a strict token of the page’s origin': () => ({
    'aws:access-control-allow-origin': chromium.pageOrigin,
    'aws:strict-origin-enforcement': true,
  }),
  'a token with a maximum resolution': () => ({ 'aws:maximum-resolution': 'HD' }),
};

describe('the IVS player', () => {
  for (const [what, claims] of Object.entries(ALLOWED)) {
    test(`plays with ${what}`, async () => {
      await using viewer = await chromium.playIvs(urlWith(claims()));
      await viewer.untilPlaying();
      const { state, errors } = (await viewer.watch(4)).at(-1)!;
      assert.deepEqual([state, errors], ['Playing', []]);
    });
  }

  // The player shows the code of a wrong token, not its text; the text is in the answer, for whoever looks.
  const WRONG_TOKEN = {
    type: 'ErrorAuthorization',
    code: 7,
    source: 'MasterPlaylist',
    message: 'invalid_playback_auth_token',
  };
  for (const [what, makeUrl] of [
    ['no token', () => channel.playbackUrl],
    ['an expired token', () => urlWith({ exp: 1_000_000_000 })],
    [
      'a token for another page',
      () => urlWith({ 'aws:access-control-allow-origin': 'https://example.com' }),
    ],
    ['a token of another channel', () => urlWith({ 'aws:channel-arn': `${channel.arn}x` })],
  ] as const) {
    test(`reports ErrorAuthorization with ${what}`, async () => {
      await using viewer = await chromium.playIvs(makeUrl());
      const { errors } = await viewer.until('the error', (report) => report.errors.length > 0);
      assert.deepEqual(errors, [WRONG_TOKEN]);
    });
  }

  test('is refused at once when its viewer is revoked, and shows what it had loaded', async (t) => {
    await using viewer = await chromium.playIvs(urlWith({ 'aws:viewer-id': 'ivs' }));
    await viewer.untilPlaying();
    await viewer.watch(3);
    const refused = viewer.page.waitForResponse((response) => response.status() === 403);
    const { mediaSeconds: revokedAt } = await viewer.report();
    const revokedAtMs = performance.now();
    const revocation = { channelArn: channel.arn, viewerId: 'ivs' };
    await ivory.ivs.send(new StartViewerSessionRevocationCommand(revocation));
    await refused;
    const afterMs = performance.now() - revokedAtMs;
    let shownTo = revokedAt;
    const { errors } = await viewer.until('the error', (report) => {
      shownTo = Math.max(shownTo, report.mediaSeconds);
      return report.errors.length > 0;
    });
    const playedOn = shownTo - revokedAt;
    t.diagnostic(`${(afterMs / 1000).toFixed(1)} s to a 403, ${playedOn.toFixed(1)} s of picture`);
    assert.ok(afterMs < CUT_WITHIN_MS, `${afterMs} ms`);
    assert.ok(playedOn < 10, `${playedOn} s`);
    // As for any media playlist that it can't have any more.
    assert.deepEqual(errors, [
      {
        type: 'ErrorNetwork',
        code: 403,
        source: 'MediaPlaylist',
        message: 'Failed to load playlist',
      },
    ]);
  });
});

describe('hls.js', () => {
  for (const [what, claims] of Object.entries(ALLOWED)) {
    test(`plays with ${what}`, async () => {
      await using viewer = await chromium.playHls(urlWith(claims()));
      await viewer.untilPlaying();
      const { errors, isLowLatency } = (await viewer.watch(4)).at(-1)!;
      assert.deepEqual([refusals(errors), isLowLatency], [[], true]);
    });
  }

  test('reports 403 without a token', async () => {
    await using viewer = await chromium.playHls(channel.playbackUrl);
    const { errors } = await viewer.until('the error', (report) => report.errors.length > 0);
    const [{ isFatal, details, status } = assert.fail()] = errors;
    assert.deepEqual([isFatal, details, status], [true, 'manifestLoadError', 403]);
  });

  test('stops within 5 s of the revocation of its viewer', async (t) => {
    await using viewer = await chromium.playHls(urlWith({ 'aws:viewer-id': 'hls' }));
    await viewer.untilPlaying();
    const revokedAtMs = performance.now();
    const revocation = { channelArn: channel.arn, viewerId: 'hls' };
    await ivory.ivs.send(new StartViewerSessionRevocationCommand(revocation));
    const { errors } = await viewer.until('a refusal', (r) => refusals(r.errors).length > 0);
    const afterMs = performance.now() - revokedAtMs;
    t.diagnostic(`${(afterMs / 1000).toFixed(1)} s: ${JSON.stringify(errors)}`);
    const [{ details, status } = assert.fail()] = refusals(errors);
    assert.deepEqual([details, status], ['levelLoadError', 403]);
    assert.ok(afterMs < CUT_WITHIN_MS, `${afterMs} ms`);
  });
});

test('a page of a policy’s origin plays, and another is told that it may not', async () => {
  const play = async (allowedOrigins: string[]) => {
    const policy = { allowedOrigins, enableStrictOriginEnforcement: true };
    const { playbackRestrictionPolicy } = await ivory.ivs.send(
      new CreatePlaybackRestrictionPolicyCommand(policy),
    );
    const { arn } = playbackRestrictionPolicy!;
    const restricted = await ivory.createChannel({ playbackRestrictionPolicyArn: arn });
    await using _encoder = publish(restricted.rtmpUrl);
    await ivory.untilLive(restricted.arn);
    await using viewer = await chromium.playIvs(restricted.playbackUrl);
    return await viewer.until(
      'its answer',
      ({ errors, mediaSeconds }) => errors.length > 0 || mediaSeconds > 4,
    );
  };
  const allowed = await play([chromium.pageOrigin]);
  assert.deepEqual(allowed.errors, []);
  const { errors } = await play(['https://*.example.com']);
  assert.deepEqual(
    errors.map(({ type, code }) => [type, code]),
    [['ErrorAuthorization', 5]],
  );
});
