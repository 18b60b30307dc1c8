import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { request as requestHttp1 } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { BodyTooLarge, type HttpHandler, type HttpReply, type HttpRequest } from '../lib/http.ts';
import { silentLogger } from '../lib/logger.ts';
import type { HttpLimits } from './http-limits.ts';
import { HttpServer } from './http-server.ts';
import { HttpsServer } from './https-server.ts';
import { systemClock } from './system.ts';
import { parking } from './testing/parking.ts';
import { loadSelfSignedCertificate, type TlsCertificate } from './tls-certificate.ts';

const HOST = '127.0.0.1';
const OK: HttpReply = { status: 200, headers: {}, body: 'ok' };

let certificate: TlsCertificate;
let renewed: TlsCertificate;

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-https-'));
  const make = (name: string) => loadSelfSignedCertificate(join(directory, name), [], systemClock);
  [certificate, renewed] = await Promise.all([make('a.pem'), make('b.pem')]);
  await rm(directory, { recursive: true });
});

async function serve(t: TestContext, handler: HttpHandler, limits: Partial<HttpLimits> = {}) {
  const errors: unknown[] = [];
  const options = {
    handlers: [handler],
    log: { ...silentLogger, error: (fields: unknown) => errors.push(fields) },
    limits: { sweepIntervalMs: 20, ...limits },
  };
  const http1 = new HttpServer(options);
  const server = new HttpsServer({ ...options, http1, certificate });
  const { port } = await server.listen({ host: HOST, port: 0 });
  const close = (deadlineMs?: number) =>
    Promise.all([server.close(deadlineMs), http1.close(deadlineMs)]);
  t.after(() => close(0));
  return { server, port, errors, close };
}

/** A connection of Node's own HTTP/2 client that trusts the server's certificate. */
async function client(
  t: TestContext,
  port: number,
  { cert }: TlsCertificate = certificate,
): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, {
    ca: cert,
    host: HOST,
    settings: { enablePush: false },
  });
  session.on('error', () => {});
  t.after(() => session.destroy());
  await once(session, 'connect');
  return session;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The whole answer; rejects where the stream is reset. */
async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let headers: IncomingHttpHeaders = {};
  stream.once('response', (received) => {
    headers = received;
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (stream.rstCode !== 0) throw new Error(`reset with ${stream.rstCode}`);
  return { status: Number(headers[':status']), headers, body: Buffer.concat(chunks) };
}

const get = (
  session: ClientHttp2Session,
  path = '/',
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> => answerOf(session.request({ ':path': path, ...headers }));

/** How a stream ends: the code of its reset. */
function resetOf(stream: ClientHttp2Stream): Promise<number> {
  stream.on('error', () => {});
  return new Promise((resolve) => {
    if (stream.destroyed) resolve(stream.rstCode ?? -1);
    else stream.once('close', () => resolve(stream.rstCode ?? -1));
  });
}

// --- requests and replies

test('a handler sees a request over HTTP/2 as it would over HTTP/1.1', async (t) => {
  let seen: HttpRequest | undefined;
  const { port } = await serve(t, (request) => {
    seen = request;
    return OK;
  });
  await get(await client(t, port), '/a%2Fb/../c?x=1&x=2', { 'X-Two': ['1', '2'] });
  assert.ok(seen);
  assert.equal(seen.method, 'GET');
  assert.equal(seen.path, '/a%2Fb/../c');
  assert.equal(seen.query, 'x=1&x=2');
  assert.equal(seen.headers['host'], `localhost:${port}`);
  assert.equal(seen.headers['x-two'], '1, 2');
  assert.equal(seen.remoteAddress, HOST);
  assert.equal(seen.isEncrypted, true);
});

test('a client without ALPN, or with HTTP/1.1 alone, is served in HTTP/1.1', async (t) => {
  const { port } = await serve(t, ({ isEncrypted, headers }) => ({
    ...OK,
    body: `${isEncrypted} ${headers['host']}`,
  }));
  for (const ALPNProtocols of [[], ['http/1.1']]) {
    const options = { host: 'localhost', port, ca: certificate.cert, agent: false, ALPNProtocols };
    const request = requestHttp1({ ...options, lookup: undefined });
    request.end();
    const [response] = await once(request, 'response');
    assert.equal(response.httpVersion, '1.1');
    assert.equal(Buffer.concat(await response.toArray()).toString(), `true localhost:${port}`);
  }
});

test('a client that speaks neither is refused in the handshake', async (t) => {
  const { port } = await serve(t, () => OK);
  const socket = connectTls({
    host: HOST,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h3'],
  });
  const [error] = await once(socket, 'error');
  assert.match(String(error), /no application protocol/i);
});

test('bytes of every kind are sent whole over HTTP/2, with their length', async (t) => {
  const large = Buffer.alloc(3_000_001, 'large');
  const bodies: Record<string, NonNullable<HttpReply['body']>> = {
    '/text': 'grüße',
    '/bytes': Buffer.from('bytes'),
    '/list': [Buffer.from('a'), Buffer.from('bc'), Buffer.alloc(0), Buffer.from('d')],
    '/large': [large.subarray(0, 1_000_000), large.subarray(1_000_000)],
    '/none': '',
  };
  const { port } = await serve(t, ({ path }) => {
    const body = bodies[path];
    return { status: 200, headers: { 'X-A': 'b' }, ...(body !== undefined && { body }) };
  });
  const session = await client(t, port);
  for (const [path, text] of [
    ['/text', 'grüße'],
    ['/bytes', 'bytes'],
    ['/list', 'abcd'],
    ['/large', large.toString()],
    ['/none', ''],
    ['/absent', ''],
  ] as const) {
    const { headers, body } = await get(session, path);
    assert.equal(headers['x-a'], 'b');
    assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
    assert.ok(body.equals(Buffer.from(text)), path);
    const head = await get(session, path, { ':method': 'HEAD' });
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(text)));
    assert.equal(head.body.length, 0);
  }
});

test('what belongs to a connection is not said over HTTP/2', async (t) => {
  const { port, errors } = await serve(t, () => ({
    ...OK,
    headers: { Connection: 'close', 'Keep-Alive': 'timeout=5', 'Transfer-Encoding': 'chunked' },
  }));
  const { headers } = await get(await client(t, port));
  assert.deepEqual(Object.keys(headers).sort(), [':status', 'content-length', 'date']);
  assert.deepEqual(errors, []);
});

test('a 204 and a 304 have neither body nor length over HTTP/2', async (t) => {
  const { port } = await serve(t, ({ path }) => ({ status: Number(path.slice(1)), headers: {} }));
  const session = await client(t, port);
  for (const status of [204, 304]) {
    const answer = await get(session, `/${status}`);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['content-length'], undefined);
  }
});

test('body() over HTTP/2 gives the whole body, and refuses one past the limit', async (t) => {
  const { port } = await serve(t, async (request) => {
    try {
      return { ...OK, body: await request.body(100_000) };
    } catch (error) {
      assert.ok(error instanceof BodyTooLarge);
      return { status: 413, headers: {} };
    }
  });
  const session = await client(t, port);
  const post = (bytes: Uint8Array, headers: OutgoingHttpHeaders = {}) => {
    const stream = session.request({ ':method': 'POST', ...headers });
    stream.on('error', () => {});
    stream.end(bytes);
    return answerOf(stream);
  };
  const body = Buffer.alloc(100_000, 'body');
  assert.ok((await post(body)).body.equals(body));
  assert.equal((await post(Buffer.alloc(0))).body.length, 0);
  assert.equal((await post(body, { expect: '100-continue' })).status, 200);
  assert.equal((await post(Buffer.alloc(100_001))).status, 413);
  assert.equal((await post(Buffer.alloc(5_000_000))).status, 413);
  const long = { 'content-length': 5_000_000 };
  assert.equal((await post(Buffer.alloc(5_000_000), long)).status, 413);
  assert.ok((await post(body)).body.equals(body), 'the connection serves on');
});

test('a request that goes on after its answer is told to stop, without an error', async (t) => {
  const { port } = await serve(t, () => OK);
  const session = await client(t, port);
  const stream = session.request({ ':method': 'POST' });
  stream.write('more to come');
  assert.equal((await answerOf(stream)).body.toString(), 'ok');
  assert.equal(await resetOf(stream), constants.NGHTTP2_NO_ERROR);
});

test('a body that grows is sent over HTTP/2 as it comes', async (t) => {
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
  const stream = (await client(t, port)).request({ ':path': '/' });
  const [headers] = await once(stream, 'response');
  assert.equal(headers['content-length'], undefined);
  assert.equal(String((await once(stream, 'data'))[0]), 'one');
  steps[0]?.resolve();
  assert.equal(String((await once(stream, 'data'))[0]), 'two');
  assert.equal(stream.readableEnded, false);
  steps[1]?.resolve();
  await once(stream, 'end');
});

test('a body of a known length that comes piece by piece is sent over HTTP/2 with it', async (t) => {
  const body = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('one');
      yield Buffer.alloc(100_000, 'two');
    },
  };
  const { port } = await serve(t, () => ({ status: 200, headers: {}, body, byteLength: 100_003 }));
  const session = await client(t, port);
  const answer = await get(session);
  assert.equal(answer.headers['content-length'], '100003');
  assert.equal(answer.body.length, 100_003);
  const head = await get(session, '/', { ':method': 'HEAD' });
  assert.equal(head.headers['content-length'], '100003');
});

test('HEAD of a body that grows does not read it over HTTP/2', async (t) => {
  let isRead = false;
  const { port } = await serve(t, () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      isRead = true;
      yield Buffer.from('x');
    })(),
  }));
  assert.equal((await get(await client(t, port), '/', { ':method': 'HEAD' })).status, 200);
  assert.equal(isRead, false);
});

test('a body that fails is a reset of that stream alone', async (t) => {
  const failure = Promise.withResolvers<Uint8Array>();
  const { port, errors } = await serve(t, ({ path }) =>
    path === '/ok'
      ? OK
      : {
          status: 200,
          headers: {},
          body: (async function* () {
            yield Buffer.from('part');
            yield await failure.promise;
          })(),
        },
  );
  const session = await client(t, port);
  const stream = session.request({ ':path': '/' });
  await once(stream, 'data');
  failure.reject(new Error('aborted'));
  stream.resume();
  assert.equal(await resetOf(stream), constants.NGHTTP2_INTERNAL_ERROR);
  assert.equal((await get(session, '/ok')).status, 200);
  assert.equal(errors.length, 1);
});

test('a handler that throws, rejects or answers nonsense is a 500 for that request alone over HTTP/2', async (t) => {
  const { port, errors } = await serve(t, ({ path }) => {
    if (path === '/throw') throw new Error('a fault');
    if (path === '/reject') return Promise.reject(new Error('a fault'));
    if (path === '/header') return { status: 200, headers: { 'X-A': 'a\r\nB: c' } };
    if (path === '/late') return Promise.resolve({ status: 200, headers: { 'X A': 'b' } });
    return OK;
  });
  const session = await client(t, port);
  for (const path of ['/throw', '/reject', '/header', '/late']) {
    assert.equal((await get(session, path)).status, 500, path);
  }
  assert.equal(errors.length, 4);
  assert.equal((await get(session)).status, 200);
});

test('requests of one connection are answered as they are ready', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler);
  const session = await client(t, port);
  const answers = ['/a', '/b', '/c'].map((path) => get(session, path));
  const requests = await arrived(3);
  requests[2]?.reply({ ...OK, body: 'third' });
  assert.equal((await answers[2])?.body.toString(), 'third');
  requests[0]?.reply(OK);
  requests[1]?.reply(OK);
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200, 200],
  );
});

// --- clients that go away or take too long

for (const [how, leave] of [
  ['takes its request back', (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
  ['resets without an error', (stream: ClientHttp2Stream) => stream.close()],
  ['closes the connection', (stream: ClientHttp2Stream) => stream.session?.destroy()],
] as const) {
  test(`onClose() tells when a client ${how}`, async (t) => {
    const { handler, arrived } = parking();
    const { port, errors } = await serve(t, handler);
    const stream = (await client(t, port)).request({ ':path': '/' });
    stream.on('error', () => {});
    const [parked] = await arrived(1);
    const gone = new Promise<void>((resolve) => parked?.request.onClose(resolve));
    leave(stream);
    await gone;
    parked?.reply(OK);
    const next = get(await client(t, port));
    (await arrived(2))[1]?.reply(OK);
    assert.equal((await next).status, 200);
    assert.deepEqual(errors, []);
  });
}

test('onClose() is not called for a request over HTTP/2 that was answered', async (t) => {
  let calls = 0;
  const { port } = await serve(t, (request) => {
    request.onClose(() => calls++);
    return request.path === '/large' ? { ...OK, body: Buffer.alloc(1_000_000) } : OK;
  });
  const session = await client(t, port);
  await get(session);
  await get(session, '/large');
  await get(session, '/', { ':method': 'HEAD' });
  session.destroy();
  await get(await client(t, port));
  assert.equal(calls, 0);
});

const MEGABYTE = Buffer.alloc(1024 * 1024);

test('a slow reader of one stream holds one piece of it, is cut there, and is served elsewhere', async (t) => {
  let pieces = 0;
  const released = Promise.withResolvers<void>();
  const { port } = await serve(
    t,
    ({ path }) =>
      path === '/ok'
        ? OK
        : {
            status: 200,
            headers: {},
            body: (async function* () {
              try {
                for (;;) {
                  pieces++;
                  yield MEGABYTE;
                }
              } finally {
                released.resolve();
              }
            })(),
          },
    { stalledSendTimeoutMs: 150 },
  );
  const session = await client(t, port);
  const stream = session.request({ ':path': '/' });
  stream.pause();
  const others = setInterval(() => {
    if (!session.destroyed) void get(session, '/ok').catch(() => {});
  }, 20);
  t.after(() => clearInterval(others));
  await released.promise;
  assert.ok(pieces < 3, `${pieces} pieces were read`);
  stream.resume();
  assert.equal(await resetOf(stream), constants.NGHTTP2_INTERNAL_ERROR);
  assert.equal((await get(session, '/ok')).status, 200);
});

for (const [what, body] of [
  ['much', Array.from({ length: 16 }, () => MEGABYTE)],
  ['a little', Buffer.alloc(20_000)],
] as const) {
  test(`a client that takes nothing of any answer of ${what} loses its connection`, async (t) => {
    const cut = Promise.withResolvers<void>();
    const { port } = await serve(
      t,
      (request) => {
        request.onClose(() => cut.resolve());
        return { status: 200, headers: {}, body };
      },
      { stalledSendTimeoutMs: 100 },
    );
    const session = connect(`https://localhost:${port}`, {
      ca: certificate.cert,
      host: HOST,
      settings: { initialWindowSize: 0 },
    });
    session.on('error', () => {});
    t.after(() => session.destroy());
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await cut.promise;
    if (!session.closed) await once(session, 'close');
  });
}

test('a reader who takes a little now and then is cut after the longest time for an answer over HTTP/2', async (t) => {
  const cut = Promise.withResolvers<void>();
  const { port } = await serve(
    t,
    (request) => {
      request.onClose(() => cut.resolve());
      return { status: 200, headers: {}, body: Array.from({ length: 64 }, () => MEGABYTE) };
    },
    { stalledSendTimeoutMs: 10_000, maxSendMs: 200 },
  );
  const stream = (await client(t, port)).request({ ':path': '/' });
  stream.on('error', () => {});
  stream.pause();
  const reading = setInterval(() => stream.read(100), 10);
  t.after(() => clearInterval(reading));
  await cut.promise;
});

test('a parked request over HTTP/2 outlives every deadline for requests', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler, {
    headerTimeoutMs: 50,
    requestTimeoutMs: 50,
    keepAliveTimeoutMs: 50,
    stalledSendTimeoutMs: 50,
  });
  const parked = get(await client(t, port));
  const [first] = await arrived(1);
  // Connections that are ended for being idle, one after the other, are the proof that the time has passed.
  for (let i = 0; i < 3; i++) await once(await client(t, port), 'close');
  first?.reply(OK);
  assert.equal((await parked).status, 200);
});

test('a client that does not finish its body over HTTP/2 is told 408, and its reader learns of it', async (t) => {
  const rejected = Promise.withResolvers<unknown>();
  const { port, errors } = await serve(
    t,
    (request) =>
      request.body(100).then(
        () => OK,
        (error) => {
          rejected.resolve(error);
          throw error;
        },
      ),
    { headerTimeoutMs: 100, requestTimeoutMs: 100 },
  );
  const stream = (await client(t, port)).request({ ':method': 'POST' });
  const dripping = setInterval(() => stream.write('a'), 30);
  t.after(() => clearInterval(dripping));
  stream.on('error', () => {});
  assert.equal((await answerOf(stream)).status, 408);
  assert.match(String(await rejected.promise), /client went away/);
  assert.deepEqual(errors, []);
});

test('an idle HTTP/2 connection ends after the keep-alive timeout, whatever pings it sends', async (t) => {
  const { port } = await serve(t, () => OK, { keepAliveTimeoutMs: 100 });
  const session = await client(t, port);
  await get(session);
  const pinging = setInterval(() => session.closed || session.ping(() => {}), 20);
  t.after(() => clearInterval(pinging));
  const [code] = await once(session, 'goaway');
  assert.equal(code, constants.NGHTTP2_NO_ERROR);
});

// --- malformed and excessive requests

for (const [what, headers, status] of [
  ['a long target', { ':path': `/${'a'.repeat(9_000)}` }, 414],
  ['many headers', Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x-${i}`, 'a'])), 431],
  ['another Host than its authority', { ':authority': 'localhost', host: 'other.test' }, 400],
  ['CONNECT', { ':method': 'CONNECT', ':authority': 'other.test:443' }, 405],
] as const) {
  test(`${what} over HTTP/2 is ${status}, and the connection serves on`, async (t) => {
    const { port, errors } = await serve(t, () => OK);
    const session = await client(t, port);
    const target = what === 'CONNECT' ? {} : { ':path': '/' };
    const stream = session.request({ ...target, ...headers });
    stream.on('error', () => {});
    const [answer] = await once(stream, 'response');
    assert.equal(answer[':status'], status);
    assert.equal((await get(session)).status, 200);
    assert.deepEqual(errors, []);
  });
}

test('streams beyond those of a connection wait or are refused, and room comes back', async (t) => {
  const { handler, arrived } = parking();
  const { port } = await serve(t, handler, { maxStreamsPerAddress: 3 });
  const [first, second] = [await client(t, port), await client(t, port)];
  const parked = [get(first), get(first), get(second)];
  const requests = await arrived(3);
  const refused = second.request({ ':path': '/' });
  assert.equal(await resetOf(refused), constants.NGHTTP2_REFUSED_STREAM);
  for (const { reply } of requests) reply(OK);
  await Promise.all(parked);
  // The server knows that a stream is closed a moment after the client does.
  let next: ClientHttp2Stream;
  do next = second.request({ ':path': '/' });
  while ((await Promise.race([arrived(4), resetOf(next)])) === constants.NGHTTP2_REFUSED_STREAM);
  requests[3]?.reply(OK);
  assert.equal((await answerOf(next)).status, 200);
});

/** Frames as an attacker writes them: RFC 9113 section 4.1. */
const frame = (type: number, flags: number, streamId: number, payload: Uint8Array) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
};
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, 0, 0, Buffer.alloc(0)),
]);
/** HPACK, static table: GET, https, /, and `:authority: a` literally. */
const REQUEST = Buffer.of(0x82, 0x87, 0x84, 0x41, 1, 0x61);
const HEADERS = 1;
const END_STREAM_AND_HEADERS = 5;

async function attacker(t: TestContext, port: number): Promise<TLSSocket> {
  const socket = connectTls({ host: HOST, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  socket.resume();
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Not `once`, which rejects on an error: an attacker's socket may fail. */
const event = (socket: Socket, name: 'close' | 'drain') =>
  new Promise<void>((resolve) => socket.once(name, () => resolve()));

async function untilClosed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await event(socket, 'close');
}

test('a connection that agreed on HTTP/2 and does not begin, or ends a TLS handshake never, is cut', async (t) => {
  const { port } = await serve(t, () => OK, { headerTimeoutMs: 60, tlsHandshakeTimeoutMs: 60 });
  await untilClosed(await attacker(t, port));
  const half = await attacker(t, port);
  half.write(PREFACE.subarray(0, 20));
  await untilClosed(half);
  await untilClosed(connectTcp(port, HOST).on('error', () => {}));
});

for (const [what, floods] of [
  [
    'rapid reset',
    (count: number) =>
      Array.from({ length: count }, (_, i) =>
        Buffer.concat([
          frame(HEADERS, END_STREAM_AND_HEADERS, 2 * i + 1, REQUEST),
          frame(3, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8)),
        ]),
      ),
  ],
  ['garbage', (count: number) => Array.from({ length: count }, () => Buffer.alloc(50, 0xff))],
  [
    // CVE-2025-8671: the server is made to reset, so that nothing counts as a reset of the client's.
    'window updates of nothing',
    (count: number) =>
      Array.from({ length: count }, (_, i) =>
        Buffer.concat([
          frame(HEADERS, END_STREAM_AND_HEADERS, 2 * i + 1, REQUEST),
          frame(8, 0, 2 * i + 1, Buffer.alloc(4)),
        ]),
      ),
  ],
  [
    'headers that go on for ever',
    (count: number) => [
      frame(HEADERS, 1, 1, REQUEST),
      ...Array.from({ length: count }, () => frame(9, 0, 1, Buffer.of(0, 1, 0x78, 1, 0x79))),
    ],
  ],
  [
    'pings whose answers are not read',
    (count: number) => Array.from({ length: count * 20 }, () => frame(6, 0, 0, Buffer.alloc(8))),
  ],
] as const) {
  test(`a flood of ${what} ends the connection, and others are served`, async (t) => {
    let inHand = 0;
    let most = 0;
    const { port, errors } = await serve(t, (request) => {
      most = Math.max(most, ++inHand);
      request.onClose(() => inHand--);
      return new Promise<HttpReply>(() => {});
    });
    const socket = await attacker(t, port);
    if (what.startsWith('pings')) socket.pause();
    socket.write(PREFACE);
    const closed = event(socket, 'close');
    for (const bytes of floods(2_000)) {
      if (socket.destroyed) break;
      if (!socket.write(bytes) && !what.startsWith('pings')) {
        await Promise.race([event(socket, 'drain'), closed]);
      }
    }
    socket.resume();
    await closed;
    assert.ok(most <= 128, `${most} requests at once`);
    assert.deepEqual(errors, []);
    const other = (await client(t, port)).request({ ':path': '/' });
    // It is not answered: the end of the server resets it.
    other.on('error', () => {});
    assert.equal(other.closed, false);
  });
}

test('connections beyond the bound of an address are cut before their handshake, and room comes back', async (t) => {
  const { port } = await serve(t, () => OK, { maxConnectionsPerAddress: 2 });
  const [first, second] = [await client(t, port), await client(t, port)];
  await untilClosed(connectTcp(port, HOST).on('error', () => {}));
  assert.equal((await get(second)).status, 200);
  const gone = once(first, 'close');
  first.destroy();
  await gone;
  for (let isServed = false; !isServed; ) {
    const socket = connectTls({ host: HOST, port, rejectUnauthorized: false });
    isServed = await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
  }
});

// --- renewal and closing

test('useCertificate() is for the next handshake; what is connected goes on', async (t) => {
  const { handler, arrived } = parking();
  const { server, port } = await serve(t, handler);
  const early = await client(t, port);
  const parked = get(early);
  const [first] = await arrived(1);
  server.useCertificate(renewed);
  const late = await client(t, port, renewed);
  const peer = (session: ClientHttp2Session) =>
    (session.socket as TLSSocket).getPeerX509Certificate()?.toString();
  assert.equal(peer(early)?.trim(), certificate.cert.trim());
  assert.equal(peer(late)?.trim(), renewed.cert.trim());
  first?.reply(OK);
  assert.equal((await parked).status, 200);
  const next = get(early);
  (await arrived(2))[1]?.reply(OK);
  assert.equal((await next).status, 200);
});

test('close() lets answers under way finish in both protocols, ends idle connections, takes no new ones', async (t) => {
  const { handler, arrived } = parking();
  const { port, close } = await serve(t, handler);
  const idle = await client(t, port);
  const busy = await client(t, port);
  const http2 = get(busy);
  await arrived(1);
  const http1 = requestHttp1({ host: HOST, port, rejectUnauthorized: false, agent: false }).end();
  const requests = await arrived(2);
  const idleClosed = once(idle, 'close');
  const closed = close();
  await idleClosed;
  await once(connectTcp(port, HOST), 'error');
  const response = once(http1, 'response');
  for (const { reply } of requests) reply(OK);
  assert.equal((await http2).status, 200);
  const [answer] = await response;
  assert.equal(answer.statusCode, 200);
  answer.resume();
  await closed;
});

test('close() cuts what is not finished by its deadline over HTTP/2', async (t) => {
  const { handler, arrived } = parking();
  const { port, close } = await serve(t, handler);
  const session = await client(t, port);
  const stuck = session.request({ ':path': '/' });
  stuck.on('error', () => {});
  const silent = connectTcp(port, HOST);
  silent.on('error', () => {});
  await once(silent, 'connect');
  await arrived(1);
  await close(30);
  await resetOf(stuck);
});
