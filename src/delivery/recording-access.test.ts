import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import { FakePlaybackRecords } from '../../test/support/playback-access.ts';
import { TokenKey } from '../../test/support/playback-tokens.ts';
import { ClientAddresses } from './client-addresses.ts';
import { PlaybackAuthorization, type PlaybackSubject } from './playback-authorization.ts';
import { RecordingAccess } from './recording-access.ts';
import { recordingRoutes } from './recording-routes.ts';
import { SessionIds } from './session-ids.ts';

const ARN = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
const PREFIX = 'ivs/v1/123456789012/abcdABCDefgh/2026/1/2/3/4/RecordingId1';
const MASTER = `/recordings/my-bucket/${PREFIX}/media/hls/master.m3u8`;
const DAY_MS = 24 * 3600 * 1000;

const PRIVATE: PlaybackSubject = {
  accountId: '123456789012',
  region: 'us-west-2',
  channelArn: ARN,
  requiresAuthorization: true,
  playbackRestrictionPolicyArn: '',
};

function setUp(channel: PlaybackSubject | undefined = PRIVATE) {
  const clock = new FakeClock();
  const records = new FakePlaybackRecords();
  const key = new TokenKey();
  records.keys = [key.publicKeyPem];
  const countries = { countryOf: () => undefined };
  const clients = new ClientAddresses([]);
  const access = new RecordingAccess({
    channels: {
      find: async ({ channelId }) => (channelId === 'abcdABCDefgh' ? channel : undefined),
    },
    authorization: new PlaybackAuthorization({
      records,
      countries,
      clients,
      views: { countViews: () => 0, observeViews() {} },
      maxConcurrentViews: 10,
      clock,
    }),
    records,
    countries,
    clients,
    ids: new SessionIds({ key: randomBytes(32), random: randomBytes, clock }),
    clock,
  });
  const bytes = Buffer.from('#EXTM3U\n');
  const handle = recordingRoutes(
    {
      find: async (_, key) => {
        if (key.includes('missing')) return undefined;
        return { byteLength: bytes.byteLength, read: () => bytes };
      },
    },
    access,
  );
  const ask = async (path: string, options?: Parameters<typeof fakeRequest>[1]) => {
    const reply = await handle(fakeRequest(path, options));
    assert.ok(reply);
    return reply;
  };
  const token = (claims: object = {}) =>
    key.token({
      'aws:channel-arn': ARN,
      exp: Math.floor(clock.nowMs() / 1000) + 300,
      ...claims,
    });
  /** The path of a session that a token began. */
  const begin = async (claims?: object) => {
    const { status, headers } = await ask(`${MASTER}?token=${token(claims)}`);
    assert.equal(status, 302);
    assert.equal(headers['Cache-Control'], 'no-store');
    return String(headers['Location']);
  };
  return { clock, records, ask, token, begin };
}

test('recordings of a channel that everybody may watch are for everybody', async () => {
  const { ask } = setUp({ ...PRIVATE, requiresAuthorization: false });
  const reply = await ask(MASTER);
  assert.equal(reply.status, 200);
});

test('recordings of a private channel, of one that is gone and of none are for nobody without a token', async () => {
  const { ask } = setUp();
  for (const path of [
    MASTER,
    MASTER.replace('abcdABCDefgh', 'otherChannel'),
    '/recordings/my-bucket/elsewhere/0.ts',
    `${MASTER}?token=abc`,
    MASTER.replace('/my-bucket', '/~c29tZXRoaW5n/my-bucket'),
  ]) {
    const reply = await ask(path);
    assert.equal(reply.status, 403, path);
    assert.match(await replyText(reply), /"error_code":"(invalid_playback|unauthorized_ent)/);
  }
});

test('a token for the channel begins a session, which is in the path of everything that playlists list', async () => {
  const { clock, ask, begin } = setUp();
  const path = await begin();
  assert.match(
    path,
    new RegExp(`^/recordings/~[\\w-]{44,}/my-bucket/${PREFIX}/media/hls/master\\.m3u8$`),
  );
  const segment = path.replace('master.m3u8', '720p30/0.ts');
  for (const each of [path, segment]) {
    const reply = await ask(each);
    assert.equal(reply.status, 200);
    assert.doesNotMatch(String(reply.headers['Cache-Control']), /public/);
  }
  const other = segment.replace('RecordingId1', 'RecordingId2');
  assert.equal((await ask(other)).status, 403, 'another recording');
  clock.advance(DAY_MS);
  assert.equal((await ask(segment)).status, 200, 'the token is over, the session goes on');
  clock.advance(DAY_MS);
  assert.equal((await ask(segment)).status, 403, 'not for ever');
});

test('a token that is good for one playback is good for one session, and what is not there or not read is none', async () => {
  const { ask, token } = setUp();
  const path = `${MASTER}?token=${token({ 'aws:single-use-uuid': crypto.randomUUID() })}`;
  assert.equal((await ask(path, { method: 'HEAD' })).status, 200);
  assert.equal((await ask(path.replace('master', 'missing'))).status, 404);
  assert.equal((await ask(path)).status, 302);
  assert.equal((await ask(path)).status, 403);
});

test('a viewer who is revoked does not go on', async () => {
  const { ask, begin, records } = setUp();
  const path = await begin({ 'aws:viewer-id': 'somebody', 'aws:viewer-session-version': 3 });
  assert.equal((await ask(path)).status, 200);
  records.revoked.set('somebody', 3);
  assert.equal((await ask(path)).status, 403);
});

test('origins that a token enforces strictly are looked at with each request', async () => {
  const { ask, token } = setUp();
  const claims = {
    'aws:access-control-allow-origin': 'https://pages.example',
    'aws:strict-origin-enforcement': true,
  };
  const headers = { origin: 'https://pages.example' };
  const { status, headers: answered } = await ask(`${MASTER}?token=${token(claims)}`, { headers });
  assert.equal(status, 302);
  const path = String(answered['Location']);
  assert.equal((await ask(path, { headers })).status, 200);
  assert.equal((await ask(path, { headers: { origin: 'https://other.example' } })).status, 403);
});

test('a token with a maximum resolution is refused: a recording is served as it is', async () => {
  const { ask, token } = setUp();
  const reply = await ask(`${MASTER}?token=${token({ 'aws:maximum-resolution': 'SD' })}`);
  assert.equal(reply.status, 403);
});
