import assert from 'node:assert/strict';
import test from 'node:test';
import {
  BodyTooLarge,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  TooManyBodies,
} from '../lib/http.ts';
import {
  bytesOf,
  fakeClient,
  Growing,
  get,
  growing,
  iteratorOf,
  settled,
  threads,
} from './testing/http-threads.ts';

test('the main thread sees a request as its worker received it', async () => {
  let seen: HttpRequest | undefined;
  const { remote } = threads((request) => {
    seen = request;
    return { status: 204, headers: {} };
  });
  const sent = fakeClient({
    method: 'PUT',
    headers: { 'x-a': 'grün', host: 'a' },
    content: 'hello',
  });
  await get(remote, sent);
  assert.ok(seen);
  const { method, path, query, remoteAddress, isEncrypted } = seen;
  assert.deepEqual(
    { method, path, query, remoteAddress, isEncrypted },
    {
      method: 'PUT',
      path: '/a%2Fb',
      query: 'c=d',
      remoteAddress: '192.0.2.7',
      isEncrypted: true,
    },
  );
  assert.deepEqual(seen.headers, { 'x-a': 'grün', host: 'a' });
  assert.equal(Buffer.from(await seen.body(5)).toString(), 'hello');
  await assert.rejects(seen.body(4), BodyTooLarge);
});

test('the first handler of the main thread that answers has the request, 404 where none does', async () => {
  const { remote } = threads(() => undefined);
  assert.deepEqual(await get(remote), { status: 404, headers: {} });
});

const READS_A_BODY: HttpHandler = (request) =>
  request.body(1000).then(
    (body) => ({ status: 200, headers: {}, body }),
    (error: Error) => ({
      status: 413,
      headers: {},
      body: error instanceof BodyTooLarge ? 'too large' : 'not there',
    }),
  );

test('a body beyond what any handler takes is too large for whichever wants it', async () => {
  const { remote } = threads(READS_A_BODY, { maxBodyBytes: 5 });
  const post = async (content: string) =>
    String(await bytesOf(await get(remote, fakeClient({ method: 'POST', content }))));
  assert.equal(await post('12345'), '12345');
  assert.equal(await post('123456'), 'too large');
});

test('a body that does not arrive is a fault for the handler that wants it', async () => {
  const { remote } = threads(READS_A_BODY);
  const body = () => Promise.reject(new Error('cut'));
  const reply = await get(remote, fakeClient({ method: 'POST', body }));
  assert.equal(String(await bytesOf(reply)), 'not there');
});

test('a body for which there is no room is answered by the worker', async () => {
  const { remote } = threads(() => assert.fail('the main thread is not asked'));
  const body = () => Promise.reject(new TooManyBodies());
  const { status } = await get(remote, fakeClient({ method: 'POST', body }));
  assert.equal(status, 503);
});

test('a body is read where there may be one', async () => {
  const { remote } = threads(() => ({ status: 204, headers: {} }));
  let reads = 0;
  const body = async () => {
    reads++;
    return Buffer.alloc(0);
  };
  for (const [method, headers, expected] of [
    ['GET', {}, 0],
    ['HEAD', {}, 0],
    ['OPTIONS', { 'content-length': '0' }, 0],
    ['GET', { 'content-length': '1' }, 1],
    ['GET', { 'transfer-encoding': 'chunked' }, 1],
    ['POST', {}, 1],
    ['DELETE', {}, 1],
  ] as const) {
    reads = 0;
    await get(remote, fakeClient({ method, headers, body }));
    assert.equal(reads, expected, `${method} ${JSON.stringify(headers)}`);
  }
});

test('requests beyond the bound are 503, and room comes back', async () => {
  const parked: ((reply: HttpReply) => void)[] = [];
  const { remote } = threads(() => new Promise((answer) => parked.push(answer)), {
    maxRequests: 2,
  });
  const replies = [get(remote), get(remote)];
  assert.equal((await get(remote)).status, 503);
  await settled();
  parked[1]?.({ status: 200, headers: {}, body: 'ok' });
  assert.equal((await replies[1])?.status, 200);
  const third = get(remote);
  assert.equal((await get(remote)).status, 503);
  await settled();
  parked[2]?.({ status: 200, headers: {}, body: 'ok' });
  assert.equal((await third).status, 200);
});

test('a client that goes away while its request is parked is gone for the main thread', async () => {
  const gone = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  const { remote } = threads((request) => {
    request.onClose(() => gone.resolve());
    seen.resolve();
    return new Promise(() => {});
  });
  const client = fakeClient();
  const refused = assert.rejects(get(remote, client), /went away/);
  await seen.promise;
  client.leave();
  await gone.promise;
  await refused;
});

test('a client that goes away before its request is sent is not asked for', async () => {
  let requests = 0;
  const { remote } = threads(() => {
    requests++;
    return { status: 200, headers: {} };
  });
  const body = Promise.withResolvers<Uint8Array>();
  const client = fakeClient({ method: 'POST', body: () => body.promise });
  const refused = assert.rejects(get(remote, client), /went away/);
  client.leave();
  body.resolve(Buffer.alloc(0));
  await refused;
  await settled();
  assert.equal(requests, 0);
});

test('a body that grows is let go when its client goes away', async () => {
  const body = new Growing();
  let isGone = false;
  const { remote } = threads((request) => {
    request.onClose(() => {
      isGone = true;
    });
    return growing(body);
  });
  const client = fakeClient();
  const iterator = iteratorOf(await get(remote, client));
  await Promise.all([iterator.next(), body.grow('one')]);
  const next = iterator.next();
  await body.wanted;
  client.leave();
  await body.ended.promise;
  assert.equal(isGone, true);
  assert.equal((await next).done, true);
});

test('onClose() is not called for a request that was answered', async () => {
  let isGone = false;
  const { remote, host } = threads((request) => {
    request.onClose(() => {
      isGone = true;
    });
    return { status: 200, headers: {}, body: Buffer.alloc(200_000) };
  });
  const client = fakeClient();
  await bytesOf(await get(remote, client));
  client.leave();
  await settled();
  host[Symbol.dispose]();
  assert.equal(isGone, false);
});

test('a worker that dies takes its clients with it', async () => {
  const body = new Growing();
  const parked = Promise.withResolvers<void>();
  const gone: string[] = [];
  const { remote, host } = threads((request) => {
    request.onClose(() => gone.push(request.path));
    if (request.path === '/grows') return growing(body);
    parked.resolve();
    return new Promise(() => {});
  });
  void remote.handle(fakeClient({ path: '/parked' }));
  await get(remote, fakeClient({ path: '/grows' }));
  await parked.promise;
  host[Symbol.dispose]();
  await body.ended.promise;
  assert.deepEqual(gone.sort(), ['/grows', '/parked']);
});
