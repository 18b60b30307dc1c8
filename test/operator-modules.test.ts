import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SigV4Verifier } from '../src/protocols/aws/sigv4.ts';
import { awsSigner } from '../src/protocols/aws/testing/aws-signer.ts';

/** The page is plain JavaScript, which the compiler is not shown. */
const load = (name: string): Promise<any> => import(`../console/operator/${name}.js`);

const { Signer } = await load('sigv4');
const { explain, failuresOf } = await load('failures');
const { formatBitRate, formatDuration } = await load('words');

const KEY = { accessKeyId: 'AKIAOPERATOR00000000', secretAccessKey: 'a secret/of+the=operator' };
const DATE = new Date('2026-11-09T00:44:40.123Z');
const BODY = '{"channelArn":"arn:aws:ivs:us-west-2:123456789012:channel/a","name":"Bühne"}';

function request(service: string, address = 'http://127.0.0.1:8080/ListStreams') {
  const headers = { 'Content-Type': 'application/json', 'X-Amz-Target': ' A.B ' };
  return { method: 'POST', url: new URL(address), headers, body: BODY, service, date: DATE };
}

const signer = (region = 'us-west-2') => new Signer({ ...KEY, region });

test('the console signs a request as AWS’s signer does', async () => {
  const { Authorization, ...headers } = await signer().sign(request('ivs'));
  const byAws = await awsSigner(KEY, { applyChecksum: false }).sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 8080,
      path: '/ListStreams',
      headers: { ...headers, Host: '127.0.0.1:8080' },
      body: BODY,
    },
    { signingDate: DATE },
  );
  assert.equal(Authorization, byAws.headers['authorization']);
});

for (const [service, region] of [
  ['ivs', 'us-west-2'],
  ['monitoring', 'eu-central-1'],
] as const) {
  test(`Ivory accepts the console’s signature for ${service} in ${region}`, async () => {
    const verdict = verify(service, await signer(region).sign(request(service)));
    assert.deepEqual(verdict, { ok: true, accessKeyId: KEY.accessKeyId, region });
  });
}

test('one signer signs for several services, one after the other', async () => {
  const one = signer();
  for (const service of ['ivs', 'monitoring', 'ivs']) {
    assert.equal(verify(service, await one.sign(request(service))).ok, true, service);
  }
});

test('the host is signed without the port where the scheme has it by itself', async () => {
  const headers = await signer().sign(request('ivs', 'https://live.example.com/ListStreams'));
  assert.equal(verify('ivs', headers, 'live.example.com').ok, true);
});

test('the secret is in none of the headers', async () => {
  const headers = await signer().sign(request('ivs'));
  assert.doesNotMatch(JSON.stringify(headers), /secret/);
});

function verify(service: string, headers: Record<string, string>, host = '127.0.0.1:8080') {
  const received = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const secretOf = (id: string) => (id === KEY.accessKeyId ? KEY.secretAccessKey : undefined);
  return new SigV4Verifier({ service, secretOf }).verify(
    {
      method: 'POST',
      path: '/ListStreams',
      query: '',
      headers: { ...Object.fromEntries(received), host },
      isEncrypted: false,
    },
    Buffer.from(BODY),
    DATE.getTime(),
  );
}

const at = (second: number) => `2026-11-09T00:44:${String(second).padStart(2, '0')}Z`;
const event = (name: string, second: number, code?: string) => ({
  name,
  eventTime: at(second),
  ...(code !== undefined && { code }),
});

/** Events oldest first, as they happen; the API tells them the other way round. */
const sessionOf = (events: readonly object[], endTime?: string) => ({
  truncatedEvents: events.toReversed(),
  ...(endTime !== undefined && { endTime }),
});

test('failures of a session are newest first, and say whether the stream went on', () => {
  const session = sessionOf([
    event('Session Created', 0),
    event('Stream Start', 1),
    event('Starvation Start', 10),
    event('Starvation End', 22),
    event('Stream Takeover Failure', 30, 'StreamTakeoverMediaMismatch'),
    event('Ingest Bitrate', 40),
  ]);
  const failures = failuresOf(session, true);
  assert.deepEqual(
    failures.map(({ what, isWarning, at }: any) => [what, isWarning, at]),
    [
      ['Bit rate limit', false, at(40)],
      ['Stream Takeover Failure', true, at(30)],
      ['Starvation', true, at(10)],
    ],
  );
  assert.match(failures[1].why, /codecs, picture size or tracks/);
  assert.match(failures[2].why, /over after 12 s/);
});

test('starvation that nothing ended goes on, or ended with the stream', () => {
  const starving = [event('Stream Start', 1), event('Starvation Start', 10)];
  assert.match(failuresOf(sessionOf(starving), false)[0].why, /still does/);
  const lost = [...starving, event('Stream End', 40), event('Session Ended', 40)];
  assert.match(failuresOf(sessionOf(lost, at(40)), false)[0].why, /stream ended 30 s later/);
  const neverLive = [event('Starvation Start', 10), event('Session Ended', 20)];
  assert.match(failuresOf(sessionOf(neverLive, at(20)), false)[0].why, /stream ended 10 s later/);
});

test('an error that no event tells is told by the end of its session', () => {
  const ended = sessionOf([event('Starvation Start', 10), event('Session Ended', 40)], at(40));
  assert.deepEqual(
    failuresOf(ended, true).map(({ what }: any) => what),
    ['Session Ended', 'Starvation'],
  );
});

test('every failure and breach that a session can have is explained, and nothing else', () => {
  for (const name of [
    'Stream Failure',
    'Ingest Bitrate',
    'Ingest Resolution',
    'Recording Start Failure',
    'Recording End Failure',
    'Stream Takeover Failure',
    'Starvation Start',
  ]) {
    assert.match(explain(event(name, 1)).why, /\.$/, name);
  }
  for (const name of ['Session Created', 'Stream End', 'Session Ended', 'Recording End', 'New']) {
    assert.equal(explain(event(name, 1)), undefined, name);
  }
  assert.match(explain(event('Session Ended', 1, 'MultitrackInputRequired')).why, /MultitrackInp/);
});

test('figures have the unit that fits them', () => {
  assert.deepEqual([850_400, 2_512_000].map(formatBitRate), ['850 kbit/s', '2.5 Mbit/s']);
  assert.deepEqual([12_000, 245_000, 3_900_000, 273_600_000].map(formatDuration), [
    '12 s',
    '4 min',
    '1 h 05 min',
    '3 d 4 h',
  ]);
});
