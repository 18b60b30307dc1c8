import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { BodyTooLarge, type HttpHandler, type HttpReply, type HttpRequest } from '../lib/http.ts';
import { silentLogger } from '../lib/logger.ts';
import type { HttpLimits } from './http-limits.ts';
import { HttpServer } from './http-server.ts';
import { ListenError } from './listen-error.ts';
import { parking } from './testing/parking.ts';

const HOST = '127.0.0.1';
const OK: HttpReply = { status: 200, headers: {}, body: 'ok' };

async function serve(t: TestContext, handler: HttpHandler, limits: Partial<HttpLimits> = {}) {
  const errors: unknown[] = [];
  const log = { ...silentLogger, error: (fields: unknown) => errors.push(fields) };
  const server = new HttpServer({
    handlers: [handler],
    log,
    limits: { sweepIntervalMs: 20, ...limits },
  });
  const { port } = await server.listen({ host: HOST, port: 0 });
  t.after(() => server.close(0));
  return { server, port, errors, url: `http://${HOST}:${port}` };
}

/** A client that says exactly what it is told, and keeps what it hears. */
class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  text = '';

  constructor(port: number) {
    this.socket = connect({ host: HOST, port, allowHalfOpen: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.text += chunk;
    });
    this.socket.on('error', () => {});
    this.socket.on('end', () => this.socket.end());
    this.closed = once(this.socket, 'close');
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  async until(expected: RegExp): Promise<string> {
    while (!expected.test(this.text)) await once(this.socket, 'data');
    return this.text;
  }

  async end(): Promise<string> {
    await this.closed;
    return this.text;
  }
}

function client(t: TestContext, port: number): RawClient {
  const raw = new RawClient(port);
  t.after(() => raw.socket.destroy());
  return raw;
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const countOf = (text: string, part: string) => text.split(part).length - 1;

// --- requests

test('a handler sees the request as it was received', async (t) => {
  let seen: HttpRequest | undefined;
  const { port } = await serve(t, (request) => {
    seen = request;
    return OK;
  });
  const raw = client(t, port).send(
    get('/a%2Fb/../c?x=1&x=2', 'X-Two: 1\r\nx-two: 2\r\nConnection: close\r\n'),
  );
  await raw.end();
  assert.ok(seen);
  assert.equal(seen.method, 'GET');
  assert.equal(seen.path, '/a%2Fb/../c');
  assert.equal(seen.query, 'x=1&x=2');
  assert.equal(seen.headers['host'], 'a');
  assert.equal(seen.headers['x-two'], '1, 2');
  assert.equal(seen.remoteAddress, HOST);
  assert.equal(seen.isEncrypted, false);
});

for (const [target, path, query, host] of [
  ['http://other.test:81/p?q', '/p', 'q', 'other.test:81'],
  ['HTTP://other.test', '/', '', 'other.test'],
  ['http://other.test?q', '/', 'q', 'other.test'],
  ['*', '*', '', 'a'],
  ['/?', '/', '', 'a'],
] as const) {
  test(`the target ${target} is the path ${path} of ${host}`, async (t) => {
    const { port } = await serve(t, (request) => ({
      status: 200,
      headers: {},
      body: JSON.stringify([request.path, request.query, request.headers['host']]),
    }));
    const raw = client(t, port).send(
      `OPTIONS ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    assert.ok((await raw.end()).endsWith(JSON.stringify([path, query, host])));
  });
}

test('the first handler that answers has the request, 404 where none does', async (t) => {
  const server = new HttpServer({
    handlers: [
      ({ path }) => (path === '/a' ? { ...OK, body: 'first' } : undefined),
      ({ path }) => (path !== '/c' ? { ...OK, body: 'second' } : undefined),
    ],
    log: silentLogger,
  });
  const { port } = await server.listen({ host: HOST, port: 0 });
  t.after(() => server.close(0));
  const textOf = async (path: string) => (await fetch(`http://${HOST}:${port}${path}`)).text();
  assert.deepEqual(
    [await textOf('/a'), await textOf('/b'), await textOf('/c')],
    ['first', 'second', ''],
  );
  assert.equal((await fetch(`http://${HOST}:${port}/c`)).status, 404);
});

test('body() gives the whole body, and refuses one past the limit before it is here', async (t) => {
  const { url } = await serve(t, async (request) => {
    try {
      return { ...OK, body: await request.body(10) };
    } catch (error) {
      assert.ok(error instanceof BodyTooLarge);
      return { status: 413, headers: {} };
    }
  });
  const post = (body: string | ReadableStream) =>
    fetch(url, { method: 'POST', body, duplex: 'half' });
  assert.equal(await (await post('0123456789')).text(), '0123456789');
  assert.equal(await (await post('')).text(), '');
  assert.equal((await post('0123456789a')).status, 413);
  const chunked = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 5; i++) controller.enqueue(Buffer.from('0123'));
      controller.close();
    },
  });
  assert.equal((await post(chunked)).status, 413);
  assert.equal(await (await post('again')).text(), 'again');
});

test('a client that waits for 100 Continue gets it when the body is wanted, not before', async (t) => {
  const { port } = await serve(t, (request) =>
    request.path === '/want'
      ? request.body(10).then((body) => ({ ...OK, body }))
      : { status: 403, headers: {} },
  );
  const headers = 'Expect: 100-continue\r\nContent-Length: 2\r\n';
  const wanted = client(t, port).send(`POST /want HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  await wanted.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  assert.match(await wanted.send('hi').until(/hi$/), /HTTP\/1\.1 200/);
  const refused = client(t, port).send(`POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  assert.equal(statusOf(await refused.until(/\r\n\r\n/)), 403);
});

// --- replies

test('bytes of every kind are sent whole, with their length', async (t) => {
  const bodies: Record<string, NonNullable<HttpReply['body']>> = {
    '/text': 'grüße',
    '/bytes': Buffer.from('bytes'),
    '/list': [Buffer.from('a'), Buffer.from('bc'), Buffer.alloc(0), Buffer.from('d')],
    '/none': '',
  };
  const { url } = await serve(t, ({ path }) => {
    const body = bodies[path];
    return { status: 200, headers: { 'X-A': 'b' }, ...(body !== undefined && { body }) };
  });
  for (const [path, text] of [
    ['/text', 'grüße'],
    ['/bytes', 'bytes'],
    ['/list', 'abcd'],
    ['/none', ''],
    ['/absent', ''],
  ] as const) {
    const response = await fetch(url + path);
    assert.equal(response.headers.get('x-a'), 'b');
    assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)));
    assert.equal(await response.text(), text);
    const head = await fetch(url + path, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)));
    assert.equal(await head.text(), '');
  }
});

test('a 204 has neither body nor length', async (t) => {
  const { port } = await serve(t, () => ({ status: 204, headers: {} }));
  const raw = client(t, port).send(get('/', 'Connection: close\r\n'));
  assert.doesNotMatch(await raw.end(), /content-length|transfer-encoding/i);
});

test('a body that grows is sent as it comes', async (t) => {
  const steps = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { port } = await serve(t, () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from('one');
      await steps[0]?.promise;
      yield Buffer.from('two');
      await steps[1]?.promise;
    })(),
  }));
  const raw = client(t, port).send(get('/'));
  assert.match(await raw.until(/one/), /transfer-encoding: chunked/i);
  steps[0]?.resolve();
  await raw.until(/two/);
  assert.doesNotMatch(raw.text, /\r\n0\r\n\r\n$/);
  steps[1]?.resolve();
  await raw.until(/\r\n0\r\n\r\n$/);
});

for (const [who, header] of [
  ['a plain request', ''],
  ['any other request', 'Connection: close\r\n'],
] as const) {
  for (const [what, byteLength] of [
    ['shorter', 8],
    ['longer', 6],
  ] as const) {
    test(`a body that is ${what} than was said to ${who} is cut off`, async (t) => {
      const { port, errors } = await serve(t, () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from('one');
          yield Buffer.from('four');
        })(),
        byteLength,
      }));
      const text = await client(t, port).send(get('/', header)).end();
      assert.notEqual(text.slice(text.indexOf('\r\n\r\n') + 4).length, byteLength);
      assert.equal(errors.length, 1);
    });
  }
}

test('HEAD of a body of a known length says it, and does not read it', async (t) => {
  let isRead = false;
  const { url } = await serve(t, () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      isRead = true;
      yield Buffer.from('x');
    })(),
    byteLength: 1,
  }));
  const { headers } = await fetch(url, { method: 'HEAD' });
  assert.equal(headers.get('content-length'), '1');
  assert.equal(isRead, false);
});

test('HEAD of a body that grows does not read it', async (t) => {
  let isRead = false;
  const { url } = await serve(t, () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      isRead = true;
      yield Buffer.from('x');
    })(),
  }));
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  assert.equal(isRead, false);
});

test('a body that fails is cut off, so that nobody takes it for whole', async (t) => {
  const failure = Promise.withResolvers<Uint8Array>();
  const { port, errors } = await serve(t, () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from('part');
      yield await failure.promise;
    })(),
  }));
  const raw = client(t, port).send(get('/'));
  await raw.until(/part/);
  failure.reject(new Error('aborted'));
  const text = await raw.end();
  assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
  assert.equal(errors.length, 1);
});

test('a handler that throws, rejects or answers nonsense is a 500 for that request alone', async (t) => {
  const { url, errors } = await serve(t, ({ path }) => {
    if (path === '/throw') throw new Error('a fault');
    if (path === '/reject') return Promise.reject(new Error('a fault'));
    if (path === '/header') return { status: 200, headers: { 'X-A': 'a\r\nB: c' } };
    if (path === '/late') return Promise.resolve({ status: 200, headers: { 'X A': 'b' } });
    return OK;
  });
  for (const path of ['/throw', '/reject', '/header', '/late']) {
    assert.equal((await fetch(url + path)).status, 500, path);
  }
  assert.equal(errors.length, 4);
  assert.equal((await fetch(url)).status, 200);
});

test('pipelined requests are answered in their order, whichever is ready first', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler);
  const raw = client(t, port).send(get('/a') + get('/b') + get('/c', 'Connection: close\r\n'));
  const requests = await arrived(3);
  for (const { request, reply } of requests.toReversed()) reply({ ...OK, body: request.path });
  assert.deepEqual((await raw.end()).match(/\/[abc]/g), ['/a', '/b', '/c']);
});

// --- clients that go away or take too long

test('onClose() tells when a client goes away, for each request that is not answered', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler);
  const raw = client(t, port).send(get('/1') + get('/2'));
  const gone = (await arrived(2)).map(
    ({ request }) => new Promise<void>((resolve) => request.onClose(resolve)),
  );
  raw.socket.resetAndDestroy();
  await Promise.all(gone);
});

test('onClose() is not called for a request that was answered', async (t) => {
  let calls = 0;
  const { port } = await serve(t, (request) => {
    request.onClose(() => calls++);
    return OK;
  });
  const raw = client(t, port).send(get('/', 'Connection: close\r\n'));
  await raw.end();
  await once(client(t, port).send(get('/', 'Connection: close\r\n')).socket, 'close');
  assert.equal(calls, 0);
});

test('a reply for a client that is gone goes nowhere', async (t) => {
  const { handler, arrived } = parking();
  const { port, errors, url } = await serve(t, handler);
  const raw = client(t, port).send(get('/1'));
  const [first] = await arrived(1);
  const gone = new Promise<void>((resolve) => first?.request.onClose(resolve));
  raw.socket.destroy();
  await gone;
  first?.reply(OK);
  const next = fetch(url);
  (await arrived(2))[1]?.reply(OK);
  assert.equal((await next).status, 200);
  assert.deepEqual(errors, []);
});

test('a body that grows is let go when its reader goes away', async (t) => {
  const released = Promise.withResolvers<void>();
  const next = Promise.withResolvers<void>();
  const { port } = await serve(t, (request) => {
    request.onClose(() => next.resolve());
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        try {
          yield Buffer.from('part');
          await next.promise;
          yield Buffer.from('more');
        } finally {
          released.resolve();
        }
      })(),
    };
  });
  const raw = client(t, port).send(get('/'));
  await raw.until(/part/);
  raw.socket.destroy();
  await released.promise;
});

const MEGABYTE = Buffer.alloc(1024 * 1024);

test('a slow reader holds one piece of a body that grows, and is cut when it takes nothing', async (t) => {
  let pieces = 0;
  const cut = Promise.withResolvers<void>();
  const { port } = await serve(
    t,
    (request) => {
      request.onClose(() => cut.resolve());
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          for (;;) {
            pieces++;
            yield MEGABYTE;
          }
        })(),
      };
    },
    { stalledSendTimeoutMs: 100 },
  );
  client(t, port).send(get('/')).socket.pause();
  await cut.promise;
  // What the two sockets' buffers hold, at most 6 MB here, and not what the generator could make.
  assert.ok(pieces < 12, `${pieces} pieces were read`);
});

test('a slow reader of bytes that are all there is cut when it takes nothing', async (t) => {
  const cut = Promise.withResolvers<void>();
  const { port } = await serve(
    t,
    (request) => {
      request.onClose(() => cut.resolve());
      return { status: 200, headers: {}, body: Array.from({ length: 16 }, () => MEGABYTE) };
    },
    { stalledSendTimeoutMs: 100 },
  );
  client(t, port).send(get('/')).socket.pause();
  await cut.promise;
});

test('a reader who takes a little now and then is cut after the longest time for an answer', async (t) => {
  const cut = Promise.withResolvers<void>();
  const { port } = await serve(
    t,
    (request) => {
      request.onClose(() => cut.resolve());
      return { status: 200, headers: {}, body: Array.from({ length: 64 }, () => MEGABYTE) };
    },
    { stalledSendTimeoutMs: 10_000, maxSendMs: 200 },
  );
  const raw = client(t, port).send(get('/'));
  raw.socket.pause();
  const reading = setInterval(() => raw.socket.read(1024), 10);
  t.after(() => clearInterval(reading));
  await cut.promise;
});

test('a reader who keeps taking gets everything, and the connection serves on', async (t) => {
  const { port } = await serve(
    t,
    ({ path }) => (path === '/' ? { status: 200, headers: {}, body: Array(8).fill(MEGABYTE) } : OK),
    { stalledSendTimeoutMs: 300 },
  );
  const raw = client(t, port).send(get('/'));
  await raw.until(/\r\n\r\n/);
  while (raw.text.length < 8 * MEGABYTE.length) await once(raw.socket, 'data');
  raw.text = '';
  assert.match(await raw.send(get('/next')).until(/ok$/), /^HTTP\/1\.1 200/);
});

test('a parked request outlives every deadline for requests', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler, {
    headerTimeoutMs: 50,
    requestTimeoutMs: 50,
    keepAliveTimeoutMs: 50,
    stalledSendTimeoutMs: 50,
  });
  const parked = client(t, port).send(get('/parked'));
  const [first] = await arrived(1);
  // Three clients that are cut for being late, one after the other, are the proof that the time has passed.
  for (let i = 0; i < 3; i++) await client(t, port).send('GET / HT').closed;
  first?.reply(OK);
  assert.match(await parked.until(/ok$/), /^HTTP\/1\.1 200/);
});

test('a client that does not finish its headers is told 408 and cut', async (t) => {
  const { port } = await serve(t, () => OK, { headerTimeoutMs: 100, requestTimeoutMs: 100 });
  const slowloris = client(t, port).send('GET / HTTP/1.1\r\nHost: a\r\n');
  const dripping = setInterval(() => slowloris.send('X-A: b\r\n'), 20);
  t.after(() => clearInterval(dripping));
  assert.equal(statusOf(await slowloris.end()), 408);
  await client(t, port).closed;
});

test('a client that does not finish its body is told 408 and cut, and its reader learns of it', async (t) => {
  const rejected = Promise.withResolvers<unknown>();
  const { port } = await serve(
    t,
    (request) =>
      request.body(100).then(
        () => OK,
        (error) => {
          rejected.resolve(error);
          return OK;
        },
      ),
    { headerTimeoutMs: 100, requestTimeoutMs: 100 },
  );
  const raw = client(t, port).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab');
  assert.equal(statusOf(await raw.end()), 408);
  assert.match(String(await rejected.promise), /client went away/);
});

test('an idle connection ends after the keep-alive timeout', async (t) => {
  const { port } = await serve(t, () => OK, { keepAliveTimeoutMs: 50 });
  assert.match(await client(t, port).send(get('/')).end(), /ok$/);
});

// --- malformed and excessive requests

const MANY_HEADERS = Array.from({ length: 150 }, (_, i) => `X-${i}: a\r\n`).join('');

for (const [what, request, status] of [
  ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
  ['a request without Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a bad header', 'GET / HTTP/1.1\r\nHost: a\r\nB ad: x\r\n\r\n', 400],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', 400],
  [
    'both Content-Length and chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
    400,
  ],
  ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n', 400],
  ['a long target', get(`/${'a'.repeat(9_000)}`), 414],
  ['a target without an end', `GET /${'a'.repeat(20_000)}`, 414],
  ['a long header', get('/', `X-A: ${'a'.repeat(20_000)}\r\n`), 431],
  ['many headers', get('/', MANY_HEADERS), 431],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
] as const) {
  test(`${what} is ${status} and the connection ends`, async (t) => {
    const { port, url, errors } = await serve(t, () => OK);
    assert.equal(statusOf(await client(t, port).send(request).end()), status);
    assert.equal((await fetch(url)).status, 200);
    assert.deepEqual(errors, []);
  });
}

test('an Upgrade is not followed', async (t) => {
  const { port } = await serve(t, () => OK);
  const raw = client(t, port).send(
    get('/', 'Connection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n'),
  );
  assert.equal(statusOf(await raw.end()), 200);
});

test('garbage behind a request that is parked ends the connection without an answer', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler);
  const raw = client(t, port).send(get('/'));
  await arrived(1);
  assert.equal(await raw.send('\x00\x00\x00\x00').end(), '');
});

test('a bad chunk in a body is 400', async (t) => {
  const { port } = await serve(t, (request) => request.body(100).then(() => OK));
  const raw = client(t, port).send(
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  );
  assert.equal(statusOf(await raw.end()), 400);
});

test('a request with much body that nobody reads is answered and ends the connection', async (t) => {
  const { port } = await serve(t, () => OK);
  const headers = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n';
  assert.match(await client(t, port).send(headers).end(), /connection: close[\s\S]*ok$/i);
});

test('a client that pipelines too much is cut', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler, { maxPipelinedRequests: 4 });
  const raw = client(t, port).send(get('/').repeat(10));
  await arrived(4);
  assert.equal(await raw.end(), '');
});

test('connections beyond the bound of an address are 503, and room comes back', async (t) => {
  const { port } = await serve(t, () => OK, { maxConnectionsPerAddress: 2 });
  const [first, second] = [client(t, port), client(t, port)];
  await first.send(get('/')).until(/ok$/);
  await second.send(get('/')).until(/ok$/);
  assert.equal(statusOf(await client(t, port).end()), 503);
  first.socket.destroy();
  await second.send(get('/', 'Connection: close\r\n')).end();
  for (let status = 503; status === 503; ) {
    status = statusOf(await client(t, port).send(get('/', 'Connection: close\r\n')).end());
    assert.ok(status === 503 || status === 200);
  }
});

test('connections beyond the bound in all are 503', async (t) => {
  const { port } = await serve(t, () => OK, { maxConnections: 1 });
  await client(t, port).send(get('/')).until(/ok$/);
  assert.equal(statusOf(await client(t, port).end()), 503);
});

// --- opening and closing

test('listen() says which port is taken', async (t) => {
  const { port } = await serve(t, () => OK);
  const other = new HttpServer({ handlers: [], log: silentLogger });
  t.after(() => other.close(0));
  await assert.rejects(other.listen({ host: HOST, port }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'EADDRINUSE');
    assert.equal(
      error.message,
      `cannot listen on ${HOST}:${port}: another process has the port (EADDRINUSE)`,
    );
    return true;
  });
});

test('listen() says which address is not this machine’s', async (t) => {
  const server = new HttpServer({ handlers: [], log: silentLogger });
  t.after(() => server.close(0));
  await assert.rejects(server.listen({ host: '192.0.2.1', port: 0 }), { code: 'EADDRNOTAVAIL' });
});

test('close() lets the answer under way finish, ends idle connections, takes no new ones', async (t) => {
  const { handler, arrived } = parking();
  const { server, port } = await serve(t, handler);
  const idle = client(t, port);
  await once(idle.socket, 'connect');
  const busy = client(t, port).send(get('/'));
  const [first] = await arrived(1);
  const closed = server.close();
  assert.equal(server.close(), closed);
  await idle.closed;
  await once(connect({ host: HOST, port }), 'error');
  first?.reply(OK);
  assert.match(await busy.end(), /connection: close[\s\S]*ok$/i);
  await closed;
});

test('close() cuts what is not finished by its deadline', async (t) => {
  const { handler, arrived } = parking();
  const { server, port } = await serve(t, handler);
  const stuck = client(t, port).send(get('/'));
  await arrived(1);
  await server.close(20);
  assert.equal(await stuck.end(), '');
});

test('a property: whatever is sent, the next client is served', async (t) => {
  const { port, url, errors } = await serve(t, () => OK);
  const lines = ['GET / HTTP/1.1\r\n', 'Host: a\r\n', 'Content-Length: 3\r\n', '\r\n', 'abc', '\0'];
  for (let seed = 0; seed < 60; seed++) {
    let text = '';
    for (let n = seed; n > 0; n = Math.floor(n / lines.length)) text += lines[n % lines.length];
    const raw = client(t, port).send(text);
    raw.socket.end();
    await raw.closed;
  }
  assert.equal((await fetch(url)).status, 200);
  assert.deepEqual(errors, []);
  assert.equal(
    countOf(await client(t, port).send(get('/', 'Connection: close\r\n')).end(), 'ok'),
    1,
  );
});
