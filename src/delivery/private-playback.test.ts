import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  BOUND_PLAYBACK_ID,
  CHANNEL_ID,
  FilledWindow,
  fakeRequest,
  PLAYBACK_ID,
  replyText,
  segmentText,
  streamOnAir,
} from '../../test/support/playback.ts';
import { FakePlaybackRecords, playbackOf } from '../../test/support/playback-access.ts';
import { hmacToken, TokenKey, unsignedToken } from '../../test/support/playback-tokens.ts';
import type { PlaybackRestrictionPolicyRecord } from '../domain/playback-restriction-policy.ts';
import type { HttpReply } from '../lib/http.ts';
import { parseMultivariantPlaylist } from '../protocols/hls/testing/multivariant-playlist-parser.ts';
import type { StreamOnAir } from './on-air.ts';

const MULTIVARIANT = `/api/video/v1/us-west-2.123456789012.channel.${CHANNEL_ID}.m3u8`;
const CHANNEL_ARN = `arn:aws:ivs:us-west-2:123456789012:channel/${CHANNEL_ID}`;
const POLICY_ARN = 'arn:aws:ivs:us-west-2:123456789012:playback-restriction-policy/abcdABCDefgh';
const SWISS = '192.0.2.1';
const AUSTRIAN = '192.0.2.2';
const FRENCH = '192.0.2.3';
const COUNTRIES = { [SWISS]: 'CH', [AUSTRIAN]: 'AT', [FRENCH]: 'FR' };
const MAX_NETWORKS = 5;

const key = new TokenKey();

function setUp(
  options: {
    readonly stream?: Partial<StreamOnAir>;
    readonly heights?: readonly number[];
    readonly maxConcurrentViews?: number;
    readonly trustedProxies?: readonly string[];
    readonly policy?: Partial<PlaybackRestrictionPolicyRecord>;
  } = {},
) {
  const clock = new FakeClock();
  const windows = (options.heights ?? [720]).map(
    (height) => new FilledWindow({ clock, height, name: `${height}p30` }),
  );
  const stream = streamOnAir(
    windows.map(({ window }) => window),
    { requiresAuthorization: true, ...options.stream },
  );
  const records = new FakePlaybackRecords();
  records.keys = [key.publicKeyPem];
  const setPolicy = (policy: Partial<PlaybackRestrictionPolicyRecord>) =>
    records.policies.set(POLICY_ARN, policyOf(policy));
  if (options.policy) setPolicy(options.policy);
  const { routes, viewers } = playbackOf([stream], {
    ...options,
    clock,
    records,
    countries: COUNTRIES,
  });
  const handle = (target: string, requestOptions?: Parameters<typeof fakeRequest>[1]) =>
    routes.handle(fakeRequest(target, requestOptions)) as HttpReply | Promise<HttpReply>;
  const get = async (...args: Parameters<typeof handle>): Promise<HttpReply> => handle(...args);
  const claims = (more: object = {}) => ({
    'aws:channel-arn': CHANNEL_ARN,
    exp: clock.nowMs() / 1000 + 60,
    ...more,
  });
  /** The request that begins a playback. */
  const open = (token: string | undefined, requestOptions?: Parameters<typeof fakeRequest>[1]) =>
    get(token === undefined ? MULTIVARIANT : `${MULTIVARIANT}?token=${token}`, requestOptions);
  /** The paths of the media playlists of a playback that was let in. */
  const start = async (more: object = {}, requestOptions?: Parameters<typeof fakeRequest>[1]) => {
    const reply = await open(key.token(claims(more)), requestOptions);
    assert.equal(reply.status, 200, await replyText(reply));
    const { variants } = parseMultivariantPlaylist(await replyText(reply));
    return variants.map(({ uri }) => uri.replace('http://ivory.test:8080', ''));
  };
  return { clock, windows, stream, records, setPolicy, viewers, handle, get, claims, open, start };
}

const policyOf = (
  policy: Partial<PlaybackRestrictionPolicyRecord>,
): PlaybackRestrictionPolicyRecord => ({
  arn: POLICY_ARN,
  id: 'abcdABCDefgh',
  accountId: '123456789012',
  region: 'us-west-2',
  name: '',
  allowedCountries: [],
  allowedOrigins: [],
  enableStrictOriginEnforcement: false,
  tags: {},
  createdAtMs: 0,
  ...policy,
});

const first = ([path = assert.fail('there is a rendition')]: readonly string[]): string => path;

async function assertRefused(
  reply: HttpReply | Promise<HttpReply>,
  code: string,
  error: RegExp,
  status = 403,
): Promise<void> {
  const { status: found, headers, body } = await reply;
  assert.equal(found, status);
  assert.ok(typeof body === 'string');
  assert.equal(headers['Access-Control-Allow-Origin'], '*');
  assert.equal(headers['Cache-Control'], 'no-store');
  assert.equal(headers['Content-Type'], 'application/json');
  const refusals = JSON.parse(body);
  assert.equal(refusals.length, 1);
  const [refusal] = refusals;
  assert.deepEqual([refusal.error_code, refusal.type], [code, 'error']);
  assert.match(refusal.error, error);
  assert.doesNotMatch(refusal.url, /token|\?/);
}

const INVALID = 'invalid_playback_auth_token';

describe('the token of a private channel', () => {
  test('lets its viewer in, to a session of its own', async () => {
    const { get, start } = setUp();
    const [path, other] = [first(await start()), first(await start())];
    assert.notEqual(path, other);
    assert.match(path, new RegExp(`^/live/${PLAYBACK_ID}/720p30/playlist\\.m3u8\\?s=`));
    assert.equal((await get(path)).status, 200);
  });

  const other = new TokenKey();
  const p256 = new TokenKey('P-256');
  const p521 = new TokenKey('P-521');
  const tampered = (token: string) => {
    const [header = '', , signature = ''] = token.split('.');
    const payload = { 'aws:channel-arn': CHANNEL_ARN, exp: 2e9, 'aws:maximum-resolution': 'HD' };
    return [header, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join(
      '.',
    );
  };
  const REFUSED: readonly (readonly [string, (claims: object) => string | undefined, RegExp])[] = [
    ['is missing', () => undefined, /invalid number of segments/],
    ['is empty', () => '', /invalid number of segments/],
    ['is no JWT', () => 'a.b', /invalid number of segments/],
    ['is garbage in three pieces', () => 'a.b.c', /segments/],
    ['is not rightly percent-encoded', () => '%zz', /segments/],
    ['is an encrypted JWT', () => 'a.b.c.d.e', /segments/],
    ['has algorithm none', unsignedToken, /signing method/],
    ['has no algorithm', (claims) => key.token(claims, { typ: 'JWT' }), /segments|signing method/],
    [
      'is a MAC with the public key',
      (claims) => hmacToken(claims, key.publicKeyPem),
      /signing method/,
    ],
    [
      'is of P-256 and says so',
      (claims) => p256.token(claims, { alg: 'ES256' }, 'sha256'),
      /signing method/,
    ],
    [
      'is of P-521 and says so',
      (claims) => p521.token(claims, { alg: 'ES512' }, 'sha512'),
      /signing method/,
    ],
    ['is of P-256 and says otherwise', (claims) => p256.token(claims), /signature is invalid/],
    [
      'is of the key with another hash',
      (claims) => key.token(claims, undefined, 'sha256'),
      /signature is invalid/,
    ],
    ['is of another key', (claims) => other.token(claims), /signature is invalid/],
    [
      'brings its key along',
      (claims) => other.token(claims, { alg: 'ES384', jwk: {} }),
      /signature is invalid/,
    ],
    [
      'was changed after it was signed',
      (claims) => tampered(key.token(claims)),
      /signature is invalid/,
    ],
    ['lost its last character', (claims) => key.token(claims).slice(0, -1), /signature|segments/],
    [
      'has an extension that nobody knows',
      (claims) => key.token(claims, { alg: 'ES384', crit: ['x'], x: 1 }),
      /segments/,
    ],
    ['is a list', () => key.token([1]), /segments/],
    [
      'is of another channel',
      (claims) => key.token({ ...claims, 'aws:channel-arn': `${CHANNEL_ARN}x` }),
      /channel-arn/,
    ],
    [
      'is expired',
      (claims) => key.token({ ...claims, exp: Date.UTC(2025, 11) / 1000 }),
      /token is expired/,
    ],
    [
      'is expired for a second',
      (claims) => key.token({ ...claims, exp: Date.UTC(2026, 0, 1) / 1000 - 1 }),
      /token is expired/,
    ],
    [
      'is not valid yet',
      (claims) => key.token({ ...claims, nbf: Date.UTC(2026, 0, 1) / 1000 + 31 }),
      /not valid yet/,
    ],
    ['has an expiry as text', (claims) => key.token({ ...claims, exp: '2000000000' }), /exp/],
    [
      'has more than 2 KB',
      (claims) => key.token({ ...claims, pad: 'x'.repeat(1500) }),
      /longer than 2048/,
    ],
  ];
  for (const [rule, makeToken, error] of REFUSED) {
    test(`is refused where it ${rule}`, async () => {
      const { claims, open, records } = setUp();
      await assertRefused(open(makeToken(claims())), INVALID, error);
      assert.equal(records.used.size, 0);
    });
  }

  test('is taken up to 2 KB', async () => {
    const { claims, open } = setUp();
    const lengthOf = (pad: number) => key.token(claims({ pad: 'x'.repeat(pad) })).length;
    let pad = 1000;
    while (lengthOf(pad + 1) <= 2048) pad++;
    assert.equal((await open(key.token(claims({ pad: 'x'.repeat(pad) })))).status, 200);
  });

  test('is taken from an issuer whose clock is half a minute ahead', async () => {
    const { claims, open, clock } = setUp();
    assert.equal((await open(key.token(claims({ nbf: clock.nowMs() / 1000 + 29 })))).status, 200);
  });

  test('is taken with whichever of the account’s keys it was signed, until that is deleted', async () => {
    const { claims, open, records } = setUp();
    records.keys = [other.publicKeyPem, key.publicKeyPem];
    for (const signer of [key, other]) {
      assert.equal((await open(signer.token(claims()))).status, 200);
    }
    records.keys = [other.publicKeyPem];
    await assertRefused(open(key.token(claims())), INVALID, /signature is invalid/);
    records.keys = [];
    await assertRefused(open(other.token(claims())), INVALID, /signature is invalid/);
  });

  test('is looked at when the playback starts, and never again', async () => {
    const { get, start, clock, records } = setUp();
    const path = first(await start());
    clock.advance(3_600_000);
    records.keys = [];
    assert.equal((await get(path)).status, 200);
  });

  test('is ignored on a public channel', async () => {
    const { open } = setUp({ stream: { requiresAuthorization: false } });
    assert.equal((await open('nonsense')).status, 200);
  });

  test('is taken percent-encoded, and beside the parameters of the player', async () => {
    const { claims, get } = setUp();
    const token = key.token(claims()).replaceAll('.', '%2E');
    assert.equal((await get(`${MULTIVARIANT}?platform=web&token=${token}&os_name=x`)).status, 200);
  });
});

describe('a token’s origins', () => {
  const claim = {
    'aws:access-control-allow-origin': 'https://*.example.com,http://localhost:3000',
  };
  const from = (origin: string) => ({ headers: { origin } });

  test('are those of pages that may start; who sends no origin may', async () => {
    const { open, claims } = setUp();
    const token = key.token(claims(claim));
    for (const origin of ['https://www.example.com', 'http://localhost:3000']) {
      assert.equal((await open(token, from(origin))).status, 200, origin);
    }
    assert.equal((await open(token)).status, 200);
    for (const origin of ['https://example.com', 'https://evil.net', 'null']) {
      await assertRefused(open(token, from(origin)), INVALID, /allow-origin/);
    }
  });

  test('are not looked at again without strict enforcement', async () => {
    const { get, start } = setUp();
    const path = first(await start(claim, from('https://www.example.com')));
    assert.equal((await get(path, from('https://evil.net'))).status, 200);
  });

  test('hold for every playlist, segment, part and init segment with strict enforcement', async () => {
    const { get, start } = setUp();
    const strict = { ...claim, 'aws:strict-origin-enforcement': true };
    const path = first(await start(strict, from('https://www.example.com')));
    assert.match(
      path,
      new RegExp(`^/live/${BOUND_PLAYBACK_ID}/[A-Za-z0-9_-]+/720p30/playlist.m3u8$`),
    );
    for (const file of ['playlist.m3u8', '1.m4s', '1.0.m4s', 'init-0.mp4', '3.0.m4s']) {
      const target = path.replace('playlist.m3u8', file);
      await assertRefused(
        get(target, from('https://evil.net')),
        'unauthorized_entitlements',
        /origin/,
      );
    }
    for (const file of ['playlist.m3u8', '1.m4s', '1.0.m4s', 'init-0.mp4']) {
      const reply = await get(path.replace('playlist.m3u8', file), from('https://a.example.com'));
      assert.equal(reply.status, 200, file);
      assert.match(String(reply.headers['Cache-Control']), /^private/);
    }
  });
});

describe('a token for a single use', () => {
  const once = { 'aws:single-use-uuid': randomUUID() };

  test('starts one playback, which goes on', async () => {
    const { get, open, claims, start, clock } = setUp();
    const token = key.token(claims(once));
    const path = first(await start(once));
    clock.advance(30_000);
    await assertRefused(open(token), INVALID, /has been used/);
    assert.equal((await get(path)).status, 200);
  });

  test('starts one playback of two that try at once', async () => {
    const { open, claims } = setUp();
    const token = key.token(claims(once));
    const replies = await Promise.all([open(token), open(token)]);
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 403]);
  });

  test('is not used up by HEAD, a refusal, or a stream that is not there yet', async () => {
    const { open, claims, records, stream } = setUp();
    const token = key.token(claims({ ...once, 'aws:access-control-allow-origin': 'http://a' }));
    assert.equal((await open(token, { method: 'HEAD' })).status, 200);
    assert.equal((await open(token, { headers: { origin: 'http://b' } })).status, 403);
    const offline = playbackOf([{ ...stream, isEnded: true }], { clock: new FakeClock(), records });
    const reply = await offline.routes.handle(fakeRequest(`${MULTIVARIANT}?token=${token}`));
    assert.equal(reply?.status, 404);
    assert.equal((await open(token)).status, 200);
  });
});

describe('aws:maximum-resolution', () => {
  const HEIGHTS = [1080, 720, 480, 160];
  for (const [claim, heights] of [
    [undefined, [1080, 720, 480, 160]],
    ['FULL_HD', [1080, 720, 480, 160]],
    ['HD', [720, 480, 160]],
    ['SD', [480, 160]],
  ] as const) {
    test(`${claim ?? 'nothing'} lists ${heights.join(', ')} and names the rest`, async () => {
      const { open, claims } = setUp({ heights: HEIGHTS });
      const token = key.token(claims({ 'aws:maximum-resolution': claim }));
      const { variants, sessionData } = parseMultivariantPlaylist(
        await replyText(await open(token)),
      );
      assert.deepEqual(
        variants.map(({ resolution }) => resolution?.height),
        heights,
      );
      const data = sessionData.find(({ dataId }) => dataId === 'com.amazon.ivs.unavailable-media');
      const withheld = HEIGHTS.filter((height) => !(heights as readonly number[]).includes(height));
      assert.deepEqual(
        data ? JSON.parse(Buffer.from(data.value, 'base64').toString()) : [],
        withheld.map((height) => ({
          IVS_NAME: `${height}p`,
          NAME: `${height}p`,
          'GROUP-ID': `${height}p30`,
          'STABLE-VARIANT-ID': `${height}p30`,
          BANDWIDTH: 3_100_000,
          CODECS: 'avc1.64001F,mp4a.40.2',
          RESOLUTION: `${Math.round((height * 16) / 9)}x${height}`,
          'FRAME-RATE': 30,
          FILTER_REASONS: [],
          AUTHORIZATION_REASONS: ['AUTHZ_MAXIMUM_RESOLUTION'],
        })),
      );
    });
  }

  test('keeps a viewer from the renditions that are not listed, whatever URL it makes up', async () => {
    const { get, start } = setUp({ heights: HEIGHTS });
    const path = first(await start({ 'aws:maximum-resolution': 'SD' }));
    assert.equal((await get(path)).status, 200);
    for (const file of ['playlist.m3u8', '1.m4s', 'init-0.mp4']) {
      const target = path.replace('480p30/playlist.m3u8', `1080p30/${file}`);
      await assertRefused(get(target), INVALID, /session/);
    }
    const sessionId = path.split('/')[3];
    for (const target of [
      `/live/${BOUND_PLAYBACK_ID}/1080p30/1.m4s`,
      `/live/${BOUND_PLAYBACK_ID}/1080p30/playlist.m3u8?s=${sessionId}`,
    ]) {
      assert.equal((await get(target)).status, 404, target);
    }
    await assertRefused(
      get(`/live/${PLAYBACK_ID}/1080p30/playlist.m3u8?s=${sessionId}`),
      INVALID,
      /session/,
    );
  });

  test('refuses a viewer for whom nothing is left', async () => {
    const { open, claims } = setUp({ heights: [1080] });
    const token = key.token(claims({ 'aws:maximum-resolution': 'SD' }));
    await assertRefused(open(token), 'unauthorized_entitlements', /maximum-resolution SD/);
  });
});

describe('the session of a private channel', () => {
  test('is needed for its media playlists', async () => {
    const { get, start, viewers } = setUp();
    const path = first(await start());
    const { pathname: bare } = new URL(path, 'http://ivory');
    for (const target of [
      bare,
      `${bare}?s=`,
      `${bare}?s=${'A'.repeat(44)}`,
      `${bare}?s=${viewers.begin('another stream')}`,
      `${path}A`,
    ]) {
      await assertRefused(get(target), INVALID, /session/);
    }
  });

  test('costs no look-up, once it is there', async () => {
    const { handle, start, records } = setUp();
    const path = first(await start({ 'aws:viewer-id': 'ann' }));
    await handle(path);
    const { lookUps } = records;
    for (let i = 0; i < 10; i++) assert.ok(!(handle(path) instanceof Promise));
    assert.equal(records.lookUps, lookUps);
  });

  test('leaves media to caches, and no playlist of it', async () => {
    const { get, start } = setUp();
    const path = first(await start());
    const segment = await get(`/live/${PLAYBACK_ID}/720p30/1.m4s`);
    assert.equal(await replyText(segment), segmentText(1));
    assert.match(String(segment.headers['Cache-Control']), /^public/);
    assert.equal((await get(path)).headers['Cache-Control'], 'private, max-age=1');
  });

  const networks = (count: number) => Array.from({ length: count }, (_, i) => `198.51.100.${i}`);

  test('is cut when it is used from many networks at once', async () => {
    const { get, start, clock } = setUp();
    const [path, other] = [first(await start()), first(await start())];
    for (const remoteAddress of networks(MAX_NETWORKS)) {
      assert.equal((await get(path, { remoteAddress })).status, 200);
    }
    await assertRefused(get(path, { remoteAddress: '203.0.113.1' }), INVALID, /session/);
    await assertRefused(get(path, { remoteAddress: '198.51.100.0' }), INVALID, /session/);
    assert.equal((await get(other)).status, 200);
    clock.advance(3_600_000);
    await assertRefused(get(path), INVALID, /session/);
  });

  test('is not cut when its viewer moves through many networks, or through one IPv6 network', async () => {
    const { get, start, clock } = setUp();
    const path = first(await start());
    for (const remoteAddress of networks(20)) {
      assert.equal((await get(path, { remoteAddress })).status, 200);
      clock.advance(10_000);
    }
    for (let i = 0; i < 20; i++) {
      assert.equal((await get(path, { remoteAddress: `2001:db8::${i}` })).status, 200);
    }
  });

  test('is told from others behind a trusted proxy by the address that the proxy gives', async () => {
    const { get, start } = setUp({ trustedProxies: ['10.0.0.0/8'] });
    const path = first(await start());
    const statuses: number[] = [];
    for (const address of networks(MAX_NETWORKS + 1)) {
      const headers = { 'x-forwarded-for': address };
      statuses.push((await get(path, { remoteAddress: '10.0.0.1', headers })).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 403]);
  });

  test('of a public channel is not cut, and not needed', async () => {
    const { get, start } = setUp({ stream: { requiresAuthorization: false } });
    const path = first(await start());
    for (const remoteAddress of networks(20)) {
      assert.equal((await get(path, { remoteAddress })).status, 200);
    }
    assert.equal((await get(path.replace(/\?.*/, ''))).status, 200);
  });
});

describe('the revocation of a viewer', () => {
  const ann = { 'aws:viewer-id': 'ann', 'aws:viewer-session-version': 3 };

  test('refuses its tokens up to the version, and nobody else’s', async () => {
    const { open, claims, records } = setUp();
    records.revoked.set('ann', 3);
    for (const [viewer, version, status] of [
      ['ann', 2, 403],
      ['ann', 3, 403],
      ['ann', 4, 200],
      ['bob', 0, 200],
    ] as const) {
      const token = key.token(
        claims({ 'aws:viewer-id': viewer, 'aws:viewer-session-version': version }),
      );
      assert.equal((await open(token)).status, status, `${viewer} ${version}`);
    }
    await assertRefused(open(key.token(claims(ann))), INVALID, /revoked/);
  });

  test('does not use up the token that it refuses', async () => {
    const { open, claims, records } = setUp();
    records.revoked.set('ann', 3);
    await open(key.token(claims({ ...ann, 'aws:single-use-uuid': randomUUID() })));
    assert.equal(records.used.size, 0);
  });

  test('cuts what it watches, parked requests too, and nothing of others', async () => {
    const { get, start, viewers, clock } = setUp();
    const watch = async (claims: object) => {
      const path = first(await start(claims));
      assert.equal((await get(path)).status, 200);
      return { path, parked: get(`${path}&_HLS_msn=3&_HLS_part=0`) };
    };
    const revoked = await watch(ann);
    const newer = await watch({ ...ann, 'aws:viewer-session-version': 4 });
    const other = await watch({ 'aws:viewer-id': 'bob' });
    const nobody = await watch({});
    viewers.cutViewer(PLAYBACK_ID, 'ann', 3);
    await assertRefused(revoked.parked, INVALID, /session/);
    await assertRefused(get(revoked.path), INVALID, /session/);
    for (const { path } of [newer, other, nobody]) assert.equal((await get(path)).status, 200);
    clock.advance(3_600_000);
    await assertRefused(get(revoked.path), INVALID, /session/);
    await Promise.all(
      [newer, other, nobody].map(async ({ parked }) => assert.equal((await parked).status, 503)),
    );
  });

  test('ends a segment that is being sent to a bound session', async () => {
    const { get, start, viewers, windows } = setUp();
    const path = first(await start({ ...ann, 'aws:maximum-resolution': 'HD' }));
    windows[0]?.addPart();
    const growing = get(path.replace('playlist.m3u8', '3.m4s')).then(replyText);
    const held = get(path.replace('playlist.m3u8', '4.m4s'));
    await new Promise((resolve) => setImmediate(resolve));
    viewers.cutViewer(PLAYBACK_ID, 'ann', 3);
    assert.equal(await growing, segmentText(3, 1));
    await assertRefused(held, INVALID, /session/);
    await assertRefused(get(path.replace('playlist.m3u8', '1.m4s')), INVALID, /session/);
  });

  test('finds a session that had not asked for anything yet, or was forgotten', async () => {
    const { get, start, records, viewers, clock } = setUp();
    const [fresh, forgotten] = [first(await start(ann)), first(await start(ann))];
    assert.equal((await get(forgotten)).status, 200);
    clock.advance(60_000);
    records.revoked.set('ann', 3);
    viewers.cutViewer(PLAYBACK_ID, 'ann', 3);
    await assertRefused(get(fresh), INVALID, /session/);
    await assertRefused(get(forgotten), INVALID, /session/);
  });

  test('finds a session whose first request is under way', async () => {
    const { get, start, records, viewers } = setUp();
    const path = first(await start(ann));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    records.revokedVersion = () => promise;
    const reply = get(path);
    viewers.cutViewer(PLAYBACK_ID, 'ann', 3);
    resolve(undefined);
    await assertRefused(reply, INVALID, /session/);
  });
});

describe('a restriction policy', () => {
  const restricted = { requiresAuthorization: false, playbackRestrictionPolicyArn: POLICY_ARN };
  const from = (remoteAddress: string, origin?: string) => ({
    remoteAddress,
    ...(origin !== undefined && { headers: { origin } }),
  });

  test('lets in who is in one of its countries, and who is nobody knows where', async () => {
    const { open } = setUp({ stream: restricted, policy: { allowedCountries: ['CH', 'AT'] } });
    for (const address of [SWISS, AUSTRIAN, '127.0.0.1']) {
      assert.equal((await open(undefined, from(address))).status, 200, address);
    }
    await assertRefused(open(undefined, from(FRENCH)), 'content_geoblocked', /country/);
  });

  test('and none: a view is counted for the country that its playback started in', async () => {
    const { open, get, clock, viewers, stream } = setUp({
      stream: { requiresAuthorization: false },
    });
    const start = await open(undefined, from(FRENCH));
    const { variants } = parseMultivariantPlaylist(await replyText(start));
    const playlist = first(variants.map(({ uri }) => uri.replace('http://ivory.test:8080', '')));
    for (let i = 0; i < 5; i++) {
      assert.equal((await get(playlist, from(SWISS))).status, 200);
      clock.advance(2000);
    }
    assert.deepEqual([...viewers.countByCountry(stream.playbackId)], [['FR', 1]]);
  });

  test('believes a trusted proxy about the address, and nobody else', async () => {
    const options = { stream: restricted, policy: { allowedCountries: ['CH'] } };
    const asked = (remoteAddress: string, forwardedFor: string) => ({
      remoteAddress,
      headers: { 'x-forwarded-for': forwardedFor },
    });
    const behind = setUp({ ...options, trustedProxies: ['10.0.0.0/8'] });
    assert.equal((await behind.open(undefined, asked('10.0.0.1', SWISS))).status, 200);
    assert.equal((await behind.open(undefined, asked('10.0.0.1', FRENCH))).status, 403);
    assert.equal(
      (await behind.open(undefined, asked('10.0.0.1', `${SWISS}, ${FRENCH}`))).status,
      403,
    );
    assert.equal((await behind.open(undefined, asked(FRENCH, SWISS))).status, 403);
    assert.equal((await setUp(options).open(undefined, asked(FRENCH, SWISS))).status, 403);
  });

  test('lets in pages of its origins, and who sends none', async () => {
    const { open } = setUp({ stream: restricted, policy: { allowedOrigins: ['https://*.a.com'] } });
    assert.equal((await open(undefined, from(FRENCH, 'https://www.a.com'))).status, 200);
    assert.equal((await open(undefined, from(FRENCH))).status, 200);
    const reply = open(undefined, from(FRENCH, 'https://b.com'));
    await assertRefused(reply, 'unauthorized_entitlements', /origin/);
  });

  test('wants both: the country and the origin', async () => {
    const policy = { allowedCountries: ['CH'], allowedOrigins: ['https://a.com'] };
    const { open } = setUp({ stream: restricted, policy });
    assert.equal((await open(undefined, from(SWISS, 'https://a.com'))).status, 200);
    assert.equal((await open(undefined, from(FRENCH, 'https://a.com'))).status, 403);
    assert.equal((await open(undefined, from(SWISS, 'https://b.com'))).status, 403);
  });

  test('holds beside a token: both must pass', async () => {
    const stream = { requiresAuthorization: true, playbackRestrictionPolicyArn: POLICY_ARN };
    const policy = { allowedCountries: ['CH'], allowedOrigins: ['https://a.com', 'https://b.com'] };
    const { open, claims } = setUp({ stream, policy });
    const token = key.token(
      claims({ 'aws:access-control-allow-origin': 'https://b.com,https://c.com' }),
    );
    assert.equal((await open(token, from(SWISS, 'https://b.com'))).status, 200);
    await assertRefused(open(token, from(SWISS, 'https://a.com')), INVALID, /allow-origin/);
    await assertRefused(
      open(token, from(SWISS, 'https://c.com')),
      'unauthorized_entitlements',
      /origin/,
    );
    await assertRefused(
      open(token, from(FRENCH, 'https://b.com')),
      'content_geoblocked',
      /country/,
    );
    await assertRefused(open(undefined, from(SWISS, 'https://b.com')), INVALID, /segments/);
  });

  test('is looked at once without strict enforcement', async () => {
    const { get, start } = setUp({ stream: restricted, policy: { allowedCountries: ['CH'] } });
    const path = first(await start({}, from(SWISS)));
    assert.equal((await get(path, from(FRENCH))).status, 200);
    const bare = path.replace(/\?.*/, '');
    await assertRefused(get(bare, from(SWISS)), 'unauthorized_entitlements', /session/);
  });

  test('holds for every playlist and segment with strict enforcement', async () => {
    const policy = { allowedCountries: ['CH'], allowedOrigins: ['https://a.com'] };
    const { get, start } = setUp({
      stream: restricted,
      policy: { ...policy, enableStrictOriginEnforcement: true },
    });
    const path = first(await start({}, from(SWISS, 'https://a.com')));
    for (const file of ['playlist.m3u8', '1.m4s', '1.0.m4s', 'init-0.mp4']) {
      const target = path.replace('playlist.m3u8', file);
      assert.equal((await get(target, from(SWISS, 'https://a.com'))).status, 200, file);
      assert.equal((await get(target, from('127.0.0.1'))).status, 200, file);
      await assertRefused(
        get(target, from(FRENCH, 'https://a.com')),
        'content_geoblocked',
        /country/,
      );
      await assertRefused(
        get(target, from(SWISS, 'https://b.com')),
        'unauthorized_entitlements',
        /origin/,
      );
    }
  });

  test('holds as it is when a playback starts: running ones go on under the old one', async () => {
    const strict = { enableStrictOriginEnforcement: true };
    const { get, start, open, setPolicy } = setUp({
      stream: restricted,
      policy: { allowedCountries: ['CH'], ...strict },
    });
    const path = first(await start({}, from(SWISS)));
    setPolicy({ allowedCountries: ['FR'], ...strict });
    assert.equal((await get(path, from(SWISS))).status, 200);
    assert.equal((await get(path, from(FRENCH))).status, 403);
    assert.equal((await open(undefined, from(SWISS))).status, 403);
    assert.equal((await open(undefined, from(FRENCH))).status, 200);
  });

  test('keeps everyone out where it is gone', async () => {
    const { open } = setUp({ stream: restricted });
    await assertRefused(open(undefined, from(SWISS)), 'unauthorized_entitlements', /gone/);
  });
});

describe('the quota of concurrent views', () => {
  test('turns away who comes too many, with 429, until somebody leaves', async () => {
    const { get, open, start, clock } = setUp({
      stream: { requiresAuthorization: false },
      maxConcurrentViews: 2,
    });
    const paths = [first(await start()), first(await start())];
    for (const path of paths) await get(path);
    await assertRefused(open(undefined), 'concurrent_viewers_limit_exceeded', /viewers/, 429);
    for (const path of paths) assert.equal((await get(path)).status, 200);
    clock.advance(60_000);
    assert.equal((await open(undefined)).status, 200);
  });
});
