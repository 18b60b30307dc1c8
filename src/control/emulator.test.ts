import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foreignPage } from '../lib/browser-guard.ts';
import type { HttpReply } from '../lib/http.ts';
import { silentLogger } from '../lib/logger.ts';
import { awsSigner } from '../protocols/aws/testing/aws-signer.ts';
import { rootAccessKey } from './credentials.ts';
import { EmulatorAuthenticator, resetRoute } from './emulator.ts';
import { httpRequest } from './testing/control-api-harness.ts';

const ACCOUNT_ID = '123456789012';
const KNOWN = { accessKeyId: 'AKIAKNOWN00000000000', secretAccessKey: 'secret' };

const authenticator = new EmulatorAuthenticator({
  accessKeys: rootAccessKey({ ...KNOWN, accountId: '555555555555' }),
  accountId: ACCOUNT_ID,
});

async function signed(accessKeyId: string, headers: Record<string, string> = {}) {
  const request = await awsSigner({ accessKeyId, secretAccessKey: 'whatever' }).sign({
    method: 'POST',
    protocol: 'http:',
    hostname: 'localhost',
    path: '/ListChannels',
    headers: { host: 'localhost:8080', ...headers },
  });
  return httpRequest({ method: 'POST', path: '/ListChannels', headers: request.headers });
}

describe('EmulatorAuthenticator', () => {
  const accountOf = async (accessKeyId: string) =>
    authenticator.authenticate(await signed(accessKeyId)).principal;

  test('takes any credentials for root of the account', async () => {
    const caller = authenticator.authenticate(await signed('test'));
    assert.deepEqual([caller.principal.accountId, caller.region], [ACCOUNT_ID, 'us-west-2']);
    assert.ok(caller.principal.isRoot);
  });

  test('takes an access key id of 12 digits for the account', async () => {
    assert.equal((await accountOf('111111111111')).accountId, '111111111111');
    assert.equal((await accountOf('1111111111111')).accountId, ACCOUNT_ID);
  });

  test('knows the keys that it was given, whatever they are signed with', async () => {
    assert.equal((await accountOf(KNOWN.accessKeyId)).accountId, '555555555555');
  });

  test('wants credentials: without them there is no region', () => {
    const bare = httpRequest({
      method: 'POST',
      path: '/GetStream',
      headers: { host: 'localhost' },
    });
    assert.throws(() => authenticator.authenticate(bare), { name: 'MissingAuthenticationToken' });
    const broken = { ...bare, query: '%' };
    assert.throws(() => authenticator.authenticate(broken), { name: 'MissingAuthenticationToken' });
  });

  test('refuses what a web page may have sent', async () => {
    const request = await signed('test', { origin: 'https://evil.example' });
    assert.throws(() => authenticator.authenticate(request), {
      name: 'AccessDeniedException',
      message: 'The emulator serves no web pages: Origin is "https://evil.example"',
    });
  });
});

test('foreignPage() lets programs and local pages through, and no others', () => {
  const isForeign = (headers: Record<string, string>) =>
    foreignPage(httpRequest({ method: 'POST', path: '/', headers }), 'ivory.test:8080') !==
    undefined;
  const local = { host: '127.0.0.1:8080' };
  for (const host of ['localhost', 'localhost:1', 'ivs.localhost:8080', '127.0.0.1', '[::1]:80']) {
    assert.ok(!isForeign({ host }), host);
  }
  assert.ok(!isForeign({ host: 'ivory.test:8080' }), 'the address it was given');
  for (const host of [
    '',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ]) {
    assert.ok(isForeign({ host }), host);
  }
  assert.ok(!isForeign({ ...local, origin: 'http://localhost:3000' }));
  assert.ok(
    !isForeign({ ...local, origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site' }),
  );
  for (const origin of [
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'file://',
  ]) {
    assert.ok(isForeign({ ...local, origin }), origin);
  }
  assert.ok(isForeign({ ...local, 'sec-fetch-site': 'cross-site' }), 'an image of another site');
  assert.ok(!isForeign({ ...local, 'sec-fetch-site': 'none' }), 'typed into the address bar');
});

describe('resetRoute()', () => {
  function route() {
    const calls: string[] = [];
    const handler = resetRoute({
      store: { deleteEverything: async () => void calls.push('delete') },
      live: {
        stopAll: async () => void calls.push('stop'),
        forgetBreaches: () => void calls.push('forget'),
      },
      log: silentLogger,
    });
    const send = async (method: string, headers: Record<string, string> = {}) =>
      (await handler(
        httpRequest({
          method,
          path: '/_ivory/reset',
          headers: { host: '127.0.0.1:8080', ...headers },
        }),
      )) as HttpReply;
    return { calls, handler, send };
  }

  test('ends the streams before it deletes what they write to', async () => {
    const { calls, send } = route();
    assert.equal((await send('POST')).status, 204);
    assert.deepEqual(calls, ['stop', 'delete', 'stop', 'forget']);
  });

  test('is there for POST only, and for no page of another site', async () => {
    const { calls, handler, send } = route();
    assert.equal((await send('GET')).status, 405);
    assert.equal((await send('POST', { origin: 'https://evil.example' })).status, 403);
    assert.equal((await send('POST', { host: 'evil.example' })).status, 403);
    assert.equal(handler(httpRequest({ method: 'POST', path: '/_ivory' })), undefined);
    assert.deepEqual(calls, []);
  });
});
