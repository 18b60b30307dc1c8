import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IVS_QUOTAS } from '../domain/quotas.ts';
import type { HttpReply } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { awsSigner } from '../protocols/aws/testing/aws-signer.ts';
import { SignatureAuthenticator } from './authentication.ts';
import { rootAccessKey } from './credentials.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operation-table.ts';
import { type ControlApiDependencies, createControlApi } from './router.ts';
import {
  ACCOUNT_ID,
  ControlApiHarness,
  CREDENTIALS,
  httpRequest,
} from './testing/control-api-harness.ts';
import { FakeLiveControl } from './testing/fake-live-control.ts';
import { MemoryControlStore } from './testing/memory-control-store.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the control API', () => {
  test('answers an unknown operation with UnknownOperationException', async () => {
    const api = new ControlApiHarness();
    for (const [method, path] of [
      ['POST', '/Foo'],
      ['GET', '/GetStream'],
      ['GET', '/favicon.ico'],
      ['PUT', '/tags/a'],
    ] as const) {
      const { status, headers } = await api.receive(httpRequest({ method, path }));
      assert.equal(status, 404);
      assert.equal(headers['x-amzn-ErrorType'], 'UnknownOperationException');
    }
  });

  test('gives every reply a request id of its own', async () => {
    const api = new ControlApiHarness();
    const replies = [
      await api.call('ListChannels'),
      await api.call('Foo'),
      await api.receive(httpRequest({ method: 'POST', path: '/ListChannels' })),
      await api.receive(httpRequest({ method: 'OPTIONS', path: '/ListChannels' })),
    ];
    const ids = replies.map(({ headers }) => String(headers['x-amzn-RequestId']));
    for (const id of ids) assert.match(id, UUID);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('answers a CORS preflight without a signature', async () => {
    const api = new ControlApiHarness();
    const preflight = (path: string) => api.receive(httpRequest({ method: 'OPTIONS', path }));
    const { status, headers } = await preflight('/GetStream');
    assert.equal(status, 204);
    assert.equal(headers['Access-Control-Allow-Origin'], '*');
    assert.equal(headers['Access-Control-Allow-Methods'], 'POST');
    const tags = await preflight('/tags/arn');
    assert.equal(tags.headers['Access-Control-Allow-Methods'], 'GET,POST,DELETE');
  });

  test('refuses a request that is not signed, or by a stranger', async () => {
    const api = new ControlApiHarness();
    const unsigned = await api.receive(httpRequest({ method: 'POST', path: '/ListChannels' }));
    assert.equal(unsigned.status, 403);
    assert.equal(unsigned.headers['x-amzn-ErrorType'], 'MissingAuthenticationToken');
    assert.deepEqual(unsigned.body, {
      message: 'Missing Authentication Token',
      exceptionMessage: 'Missing Authentication Token',
    });
    const stranger = await signedBy({ ...CREDENTIALS, accessKeyId: 'AKIASTRANGER' });
    const refused = await api.receive(stranger);
    assert.equal(refused.headers['x-amzn-ErrorType'], 'UnrecognizedClientException');
    const wrong = await api.receive(await signedBy({ ...CREDENTIALS, secretAccessKey: 'wrong' }));
    assert.equal(wrong.headers['x-amzn-ErrorType'], 'InvalidSignatureException');
  });

  test('takes a presigned request and one with a session token', async () => {
    const api = new ControlApiHarness();
    const withToken = await signedBy({ ...CREDENTIALS, sessionToken: 'token' });
    assert.equal((await api.receive(withToken)).status, 200);
    const presigned = await awsSigner(CREDENTIALS).presign({
      method: 'POST',
      protocol: 'http:',
      hostname: 'localhost',
      path: '/ListChannels',
      query: {},
      headers: { host: 'localhost' },
    });
    const query = new URLSearchParams(presigned.query as Record<string, string>);
    const request = httpRequest({
      method: 'POST',
      path: '/ListChannels',
      query: query.toString(),
      headers: { host: 'localhost' },
    });
    assert.equal((await api.receive(request)).status, 200);
  });

  test('refuses a body of more than 256 KiB', async () => {
    const api = new ControlApiHarness();
    const { status, headers } = await api.call('CreateChannel', { name: 'a'.repeat(256 * 1024) });
    assert.equal(status, 413);
    assert.equal(headers['x-amzn-ErrorType'], 'RequestEntityTooLargeException');
  });

  test('refuses a body that is not a JSON object, and takes an empty one for an empty object', async () => {
    const api = new ControlApiHarness();
    for (const body of ['{', '[]', 'null', '"a"', '1', '{"a":}', '\ufeff\ufeff{}']) {
      const { status, headers } = await api.send('POST', '/ListChannels', { body });
      assert.equal(status, 400, body);
      assert.equal(headers['x-amzn-ErrorType'], 'ValidationException');
    }
    assert.equal((await api.send('POST', '/ListChannels', { body: '' })).status, 200);
  });

  test('refuses a label that is not percent-encoded UTF-8', async () => {
    const api = new ControlApiHarness();
    const { status } = await api.send('GET', '/tags/%E0%A4%A');
    assert.equal(status, 400);
  });

  test('keeps the tenants apart: a region is the one that the caller signed for', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel({ name: 'west' });
    const east = await api.send('POST', '/ListChannels', { region: 'us-east-1' });
    assert.deepEqual(east.body, { channels: [] });
    const body = JSON.stringify({ arn: channel.arn });
    const { status } = await api.send('POST', '/GetChannel', { region: 'us-east-1', body });
    assert.equal(status, 404);
  });

  test('hides an unforeseen failure behind a 500 and logs it', async () => {
    const logged: string[] = [];
    const logger: Logger = {
      ...silent,
      error: ({ err }) => logged.push(String(err)),
    };
    const failing = OPERATIONS.map(
      (operation): Operation => ({
        ...operation,
        run: () => {
          throw new Error('disk is on fire');
        },
      }),
    );
    const api = createControlApi({ ...dependencies(), operations: failing, logger });
    const reply = await api(await signedBy(CREDENTIALS));
    assert.equal(reply?.status, 500);
    assert.equal(reply?.headers['x-amzn-ErrorType'], 'InternalFailure');
    assert.ok(!textOf(reply).message.includes('disk'));
    assert.deepEqual(logged, ['Error: disk is on fire']);
  });

  test('answers no request with a 5xx, whatever it holds', async () => {
    const api = new ControlApiHarness();
    const { channel } = await api.createChannel();
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(channel.arn, 'arn:aws:ivs:a:1:channel/b', '', null, 1e308, '__proto__'),
    );
    const member = fc.constantFrom(
      ...['arn', 'arns', 'channelArn', 'name', 'tags', 'nextToken', 'maxResults', 'filterBy'],
      ...['streamId', 'type', 'multitrackInputConfiguration', 'recordingConfigurationArn'],
      '__proto__',
    );
    const body = fc.oneof(
      fc.dictionary(member, value, { maxKeys: 5 }).map((input) => JSON.stringify(input)),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    const path = fc.oneof(
      fc.constantFrom(
        ...OPERATIONS.map(({ uri }) =>
          uri.replace('{resourceArn}', encodeURIComponent(channel.arn)),
        ),
      ),
      fc.webPath().map((text) => `/tags/${text.replaceAll('/', '')}`),
    );
    const method = fc.constantFrom('POST', 'POST', 'GET', 'DELETE');
    const query = fc.dictionary(
      fc.constantFrom('tagKeys', 'maxResults', 'x'),
      fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(method, path, query, body, async (...[how, where, what, content]) => {
        if (where === '/tags/') return;
        const { status } = await api.send(how, where, { query: what, body: content });
        assert.ok(status < 500, `${how} ${where} ${content}: ${status}`);
      }),
      { numRuns: 300 },
    );
  });
});

function textOf(reply: HttpReply | undefined): { message: string } {
  assert.ok(typeof reply?.body === 'string');
  return JSON.parse(reply.body);
}

const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
};

function dependencies(): ControlApiDependencies {
  return {
    store: new MemoryControlStore(),
    live: new FakeLiveControl(),
    clock: {
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      after: () => () => {},
      every: () => () => {},
    },
    random: randomBytes,
    endpoints: { ingestHost: 'i', srtHost: 's', playbackBaseUrl: 'http://p' },
    quotas: IVS_QUOTAS,
    recordingDestinations: { check() {} },
    authenticator: new SignatureAuthenticator(
      rootAccessKey({ ...CREDENTIALS, accountId: ACCOUNT_ID }),
      { nowMs: Date.now },
    ),
    pageTokenKey: randomBytes(32),
    logger: silent,
  };
}

async function signedBy(credentials: typeof CREDENTIALS & { sessionToken?: string }) {
  const { headers } = await awsSigner(credentials).sign({
    method: 'POST',
    protocol: 'http:',
    hostname: 'localhost',
    path: '/ListChannels',
    headers: { host: 'localhost' },
  });
  return httpRequest({ method: 'POST', path: '/ListChannels', headers });
}
