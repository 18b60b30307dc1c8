import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type PlaybackClaims, readPlaybackClaims } from './playback-claims.ts';
import { PlaybackRefusal } from './playback-refusal.ts';

const CHANNEL_ARN = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
const NOW_S = 1_800_000_000;
const UUID = '0B0F5A0E-6A0A-4E9B-8F0A-7C1E6F1D2A3B';
const MINUTES = 60;

const MINIMAL = { 'aws:channel-arn': CHANNEL_ARN, exp: NOW_S + 60 };
const OPEN: PlaybackClaims = {
  expiresAtMs: (NOW_S + 60) * 1000,
  allowedOrigins: [],
  enforcesOriginStrictly: false,
};

const read = (payload: object) =>
  readPlaybackClaims({ ...MINIMAL, ...payload }, { channelArn: CHANNEL_ARN, nowMs: NOW_S * 1000 });

const expiringIn = (seconds: number) => ({
  claims: { exp: NOW_S + seconds },
  read: { expiresAtMs: (NOW_S + seconds) * 1000 },
});

const TAKEN: readonly (readonly [
  rule: string,
  payload: object,
  claims: Partial<PlaybackClaims>,
])[] = [
  ['the ARN and an expiry alone', {}, {}],
  [
    'any expiry ahead',
    expiringIn(3650 * 24 * 60 * MINUTES).claims,
    expiringIn(3650 * 24 * 60 * MINUTES).read,
  ],
  ['an expiry with a fraction', expiringIn(0.5).claims, expiringIn(0.5).read],
  ['claims of others', { sub: 'x', iat: 0, 'aws:unheard-of': [] }, {}],
  [
    'one origin',
    { 'aws:access-control-allow-origin': 'https://a.com' },
    { allowedOrigins: ['https://a.com'] },
  ],
  [
    'several origins, with wildcards and spaces',
    { 'aws:access-control-allow-origin': 'https://*.a.com, http://localhost:3000' },
    { allowedOrigins: ['https://*.a.com', 'http://localhost:3000'] },
  ],
  ['every origin as *', { 'aws:access-control-allow-origin': '*' }, {}],
  [
    'more than five origins that are not enforced strictly',
    { 'aws:access-control-allow-origin': 'http://a,http://b,http://c,http://d,http://e,http://f' },
    { allowedOrigins: ['http://a', 'http://b', 'http://c', 'http://d', 'http://e', 'http://f'] },
  ],
  [
    'strict enforcement',
    { 'aws:strict-origin-enforcement': true },
    { enforcesOriginStrictly: true },
  ],
  ['no strict enforcement', { 'aws:strict-origin-enforcement': false }, {}],
  [
    'a single use within ten minutes',
    { 'aws:single-use-uuid': UUID, ...expiringIn(10 * MINUTES).claims },
    { singleUseUuid: UUID.toLowerCase(), ...expiringIn(10 * MINUTES).read },
  ],
  [
    'ten minutes of a clock that is ahead',
    { 'aws:single-use-uuid': UUID, ...expiringIn(10 * MINUTES + 30).claims },
    { singleUseUuid: UUID.toLowerCase(), ...expiringIn(10 * MINUTES + 30).read },
  ],
  ['a viewer', { 'aws:viewer-id': 'ann' }, { viewer: { id: 'ann', version: 0 } }],
  [
    'a viewer and its version',
    { 'aws:viewer-id': 'x'.repeat(40), 'aws:viewer-session-version': 2 ** 62 },
    { viewer: { id: 'x'.repeat(40), version: 2 ** 62 } },
  ],
  ['SD', { 'aws:maximum-resolution': 'SD' }, { maximumResolution: 'SD' }],
  ['HD', { 'aws:maximum-resolution': 'HD' }, { maximumResolution: 'HD' }],
  ['FULL_HD', { 'aws:maximum-resolution': 'FULL_HD' }, { maximumResolution: 'FULL_HD' }],
  [
    'everything about ads',
    {
      'aws:ads-opt-out': false,
      'aws:ads-player-params': { age: '30' },
      'aws:ads-playback-config-name': 'sports',
      'aws:ads-reporting-mode': 'SERVER',
    },
    {
      ads: {
        optOut: false,
        playerParams: { age: '30' },
        playbackConfigName: 'sports',
        reportingMode: 'SERVER',
      },
    },
  ],
  [
    'player parameters as text',
    { 'aws:ads-player-params': 'a=b' },
    { ads: { playerParams: 'a=b' } },
  ],
];

const REFUSED: readonly (readonly [rule: string, payload: object, reason: RegExp])[] = [
  ['no channel', { 'aws:channel-arn': undefined }, /channel-arn/],
  ['another channel', { 'aws:channel-arn': `${CHANNEL_ARN}x` }, /channel-arn/],
  ['a list of channels', { 'aws:channel-arn': [CHANNEL_ARN] }, /channel-arn/],
  ['no expiry', { exp: undefined }, /exp/],
  ['an expiry as text', { exp: String(NOW_S + 60) }, /exp/],
  ['an expiry without end', { exp: Number.POSITIVE_INFINITY }, /exp/],
  ['an expiry that is now', { exp: NOW_S }, /token is expired/],
  ['an expiry in the past', { exp: NOW_S - 1 }, /token is expired/],
  ['an empty origin', { 'aws:access-control-allow-origin': '' }, /allow-origin/],
  ['a host for an origin', { 'aws:access-control-allow-origin': 'a.com' }, /allow-origin/],
  [
    'a page for an origin',
    { 'aws:access-control-allow-origin': 'https://a.com/live' },
    /allow-origin/,
  ],
  [
    'an origin that is none among others',
    { 'aws:access-control-allow-origin': 'https://a.com,,' },
    /allow-origin/,
  ],
  ['origins as a list', { 'aws:access-control-allow-origin': ['https://a.com'] }, /allow-origin/],
  [
    'more than five origins that are enforced strictly',
    {
      'aws:access-control-allow-origin': 'http://a,http://b,http://c,http://d,http://e,http://f',
      'aws:strict-origin-enforcement': true,
    },
    /at most 5/,
  ],
  ['strict enforcement as text', { 'aws:strict-origin-enforcement': 'true' }, /strict-origin/],
  ['a single use of no UUID', { 'aws:single-use-uuid': 'once' }, /UUID/],
  ['a single use as a number', { 'aws:single-use-uuid': 1 }, /single-use/],
  [
    'a single use for more than ten minutes',
    { 'aws:single-use-uuid': UUID, ...expiringIn(10 * MINUTES + 31).claims },
    /10 minutes/,
  ],
  [
    'a viewer for more than ten minutes',
    { 'aws:viewer-id': 'ann', ...expiringIn(10 * MINUTES + 31).claims },
    /10 minutes/,
  ],
  ['a viewer without a name', { 'aws:viewer-id': '' }, /viewer-id/],
  ['a viewer with a long name', { 'aws:viewer-id': 'x'.repeat(41) }, /viewer-id/],
  ['a viewer as a number', { 'aws:viewer-id': 7 }, /viewer-id/],
  ['a version of nobody', { 'aws:viewer-session-version': 1 }, /needs aws:viewer-id/],
  ['a version as text', { 'aws:viewer-id': 'ann', 'aws:viewer-session-version': '1' }, /version/],
  ['a version below 0', { 'aws:viewer-id': 'ann', 'aws:viewer-session-version': -1 }, /version/],
  [
    'a version with a fraction',
    { 'aws:viewer-id': 'ann', 'aws:viewer-session-version': 1.5 },
    /version/,
  ],
  ['an unknown resolution', { 'aws:maximum-resolution': '720p' }, /SD, HD, FULL_HD/],
  ['a resolution in small letters', { 'aws:maximum-resolution': 'hd' }, /SD, HD, FULL_HD/],
  ['ads opted out of as text', { 'aws:ads-opt-out': 'true' }, /ads-opt-out/],
  ['player parameters as a list', { 'aws:ads-player-params': [] }, /ads-player-params/],
  [
    'player parameters of more than 1000 bytes',
    { 'aws:ads-player-params': 'é'.repeat(501) },
    /1000 bytes/,
  ],
  ['a playback configuration as a number', { 'aws:ads-playback-config-name': 1 }, /config-name/],
  ['an unknown reporting mode', { 'aws:ads-reporting-mode': 'BOTH' }, /CLIENT, SERVER/],
  ['null for a claim', { 'aws:viewer-id': null }, /viewer-id/],
];

describe('readPlaybackClaims()', () => {
  for (const [rule, payload, claims] of TAKEN) {
    test(`takes ${rule}`, () => assert.deepEqual(read(payload), { ...OPEN, ...claims }));
  }
  for (const [rule, payload, reason] of REFUSED) {
    test(`refuses ${rule}`, () => {
      assert.throws(
        () => read(payload),
        (error) => {
          assert.ok(error instanceof PlaybackRefusal);
          assert.equal(error.code, 'invalid_playback_auth_token');
          assert.match(error.message, reason);
          return true;
        },
      );
    });
  }

  test('takes any combination of claims that it takes alone', () => {
    const combination = fc.subarray(
      TAKEN.map(([, payload]) => payload).filter((payload) => !('exp' in payload)),
    );
    fc.assert(
      fc.property(combination, (payloads) => {
        const together = Object.assign({}, ...payloads) as Record<string, string | undefined>;
        const origins = together['aws:access-control-allow-origin']?.split(',') ?? [];
        fc.pre(!together['aws:strict-origin-enforcement'] || origins.length <= 5);
        const claims = read(together);
        assert.equal(
          claims.enforcesOriginStrictly,
          together['aws:strict-origin-enforcement'] ?? false,
        );
        assert.equal(claims.viewer?.id, together['aws:viewer-id']);
        assert.equal(claims.maximumResolution, together['aws:maximum-resolution']);
      }),
    );
  });

  test('refuses any combination with a claim that it refuses alone', () => {
    const refused = fc.constantFrom(...REFUSED.map(([, payload]) => payload));
    const taken = fc.subarray(TAKEN.map(([, payload]) => payload));
    fc.assert(
      fc.property(taken, refused, (payloads, bad) => {
        // A viewer makes a version of nobody somebody's; without strictness six origins are right.
        fc.pre(
          !payloads.some((payload) => 'aws:viewer-id' in payload) ||
            'aws:viewer-id' in bad ||
            !('aws:viewer-session-version' in bad),
        );
        assert.throws(() => read(Object.assign({}, ...payloads, bad)), PlaybackRefusal);
      }),
    );
  });
});
