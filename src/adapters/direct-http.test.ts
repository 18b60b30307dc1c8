import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { silentLogger } from '../lib/logger.ts';
import { HttpServer } from './http-server.ts';
import { ReplyCounts } from './reply-counts.ts';

/** A plain request is answered without Node's parser: whatever a client can see of that must be as if it were not. */

const GET = 'GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n';
/** The same for Node's parser: it is asked to close, which only that does. */
const GET_BY_NODE = 'GET /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function serve(
  t: TestContext,
  handler: HttpHandler,
  replyCounts = new ReplyCounts(),
): Promise<number> {
  const limits = { maxBodyBytesPerAddress: 64 * 1024 * 1024 };
  const server = new HttpServer({ handlers: [handler], log: silentLogger, replyCounts, limits });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close(0));
  return port;
}

function open(t: TestContext, port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('latin1');
  t.after(() => socket.destroy());
  return socket;
}

/** What comes until it ends with `last`. */
async function heard(socket: Socket, last: string): Promise<string> {
  let text = '';
  while (!text.endsWith(last)) text += (await once(socket, 'data'))[0];
  return text;
}

const body = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
/** Names in lower case, without those that say what becomes of the connection. */
const headersOf = (text: string) =>
  new Map(
    text
      .slice(0, text.indexOf('\r\n\r\n'))
      .split('\r\n')
      .slice(1)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      })
      .filter(([name]) => !['connection', 'keep-alive', 'date'].includes(name)),
  );

/** Can be read more than once. */
const oneByOne = (...texts: readonly string[]): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    for (const text of texts) yield Buffer.from(text);
  },
});

const REPLIES: Readonly<Record<string, HttpReply>> = {
  'a text': { status: 200, headers: { 'Content-Type': 'text/plain', 'X-A': 1 }, body: 'grün.' },
  'bytes of a few buffers': {
    status: 206,
    headers: {},
    body: [Buffer.from('a'), Buffer.alloc(5000, 'b'), Buffer.from('c.')],
  },
  'bytes that are shared': {
    status: 200,
    headers: { Vary: 'Accept-Encoding' },
    body: Buffer.alloc(9000, 'd').fill('.', 8999),
    isShared: true,
  },
  'bytes of a known length that come one after the other': {
    status: 200,
    headers: {},
    body: oneByOne('a', 'bc', '', '.'),
    byteLength: 4,
  },
  'no body': { status: 404, headers: { 'Cache-Control': 'no-store' } },
  'no content': { status: 204, headers: {} },
  'not modified': { status: 304, headers: { ETag: '"a"' } },
};

for (const [what, reply] of Object.entries(REPLIES)) {
  test(`a plain GET is answered with ${what} as every other request is`, async (t) => {
    const port = await serve(t, () => reply);
    const end = reply.body === undefined ? '\r\n\r\n' : '.';
    const direct = open(t, port);
    direct.write(GET, 'latin1');
    const first = await heard(direct, end);
    // The second is the one that may have been kept.
    direct.write(GET, 'latin1');
    const second = await heard(direct, end);
    const node = open(t, port);
    node.write(GET_BY_NODE, 'latin1');
    const expected = await heard(node, end);
    for (const text of [first, second]) {
      assert.equal(text.split('\r\n')[0], expected.split('\r\n')[0]);
      assert.deepEqual(headersOf(text), headersOf(expected));
      assert.equal(body(text), body(expected));
      assert.match(text, /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
    }
  });
}

test('a connection goes on with Node’s parser after plain GETs, and nothing is lost on the way', async (t) => {
  const port = await serve(t, async (request) => ({
    status: 200,
    headers: {},
    body: `${request.method} ${Buffer.from(await request.body(100))}.`,
  }));
  const socket = open(t, port);
  socket.write(GET);
  assert.equal(body(await heard(socket, '.')), 'GET .');
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel');
  socket.write('lo');
  assert.equal(body(await heard(socket, '.')), 'POST hello.');
  socket.write(GET);
  assert.equal(body(await heard(socket, '.')), 'GET .');
});

test('a call of the API is read with its body, however its bytes are cut', async (t) => {
  const port = await serve(t, async (request) => ({
    status: 200,
    headers: {},
    body: `${request.method} ${Buffer.from(await request.body(100))}.`,
  }));
  const call = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\ngr\u00fcn!!';
  for (let at = 1; at <= call.length; at++) {
    const socket = open(t, port);
    socket.setNoDelay(true).write(call.slice(0, at), 'latin1');
    await new Promise(setImmediate);
    socket.write(call.slice(at), 'latin1');
    assert.match(body(await heard(socket, '!.')), /^POST gr.+n!!\.$/);
    socket.destroy();
  }
});

test('a body is the request’s own, whatever other clients send before somebody reads it', async (t) => {
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  const port = await serve(t, async (request) => {
    waiting++;
    if (waiting === 3) all.resolve();
    await all.promise;
    return { status: 200, headers: {}, body: `${await request.body(100)}.` };
  });
  const replies = ['one', 'two', 'due'].map((text) => {
    const socket = open(t, port);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n${text}`);
    return heard(socket, '.');
  });
  assert.deepEqual((await Promise.all(replies)).map(body), ['one.', 'two.', 'due.']);
});

test('a body of a plain request may be too large', async (t) => {
  const port = await serve(t, (request) =>
    request.body(3).then(
      () => ({ status: 200, headers: {}, body: 'taken.' }),
      ({ name }: Error) => ({ status: 413, headers: {}, body: `${name}.` }),
    ),
  );
  const socket = open(t, port);
  socket.write('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd');
  assert.equal(body(await heard(socket, '.')), 'BodyTooLarge.');
});

test('what is sent behind a request that is parked is answered after it', async (t) => {
  const parked: ((reply: HttpReply) => void)[] = [];
  const port = await serve(t, ({ path }) => {
    if (path !== '/park') return { status: 200, headers: {}, body: 'second.' };
    return new Promise((reply) => parked.push(reply));
  });
  const socket = open(t, port);
  socket.write(GET.replace('/a', '/park'));
  while (parked.length === 0) await new Promise(setImmediate);
  socket.write(GET + GET);
  parked[0]?.({ status: 200, headers: {}, body: 'first.' });
  const text = await heard(socket, 'second.');
  assert.ok(text.indexOf('first.') < text.indexOf('second.'));
});

test('parked requests that are released together are answered some at a time, and others between them', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<HttpReply>();
  let parkedCount = 0;
  const counts = new ReplyCounts();
  const handler: HttpHandler = ({ path }) => {
    if (path !== '/park') return { status: 404, headers: {}, body: 'at once.' };
    parkedCount++;
    return released;
  };
  const port = await serve(t, handler, counts);
  const parked = Array.from({ length: 100 }, () => open(t, port));
  for (const socket of parked) socket.write(GET.replace('/a', '/park'));
  const other = open(t, port);
  await once(other, 'connect');
  while (parkedCount < parked.length) await new Promise(setImmediate);
  release({ status: 200, headers: {}, body: 'parked.' });
  other.write(GET);
  const answers = Promise.all([heard(other, '.'), ...parked.map((socket) => heard(socket, '.'))]);
  const inTurn: number[] = [];
  let parkedBefore = 0;
  for (let before = 0; before < 101; ) {
    await new Promise(setImmediate);
    const { 200: ok = 0, 404: atOnce = 0 } = Object.fromEntries(counts.byStatus);
    inTurn.push(ok + atOnce - before);
    if (atOnce === 0) parkedBefore = ok;
    before = ok + atOnce;
  }
  await answers;
  assert.ok(Math.max(...inTurn) <= 2 * 16, `${inTurn}`);
  assert.ok(parkedBefore < 100, 'who asks meanwhile does not wait for all of them');
});

test('what is behind a parked request beyond a request’s length stays with its client', async (t) => {
  const parked: ((reply: HttpReply) => void)[] = [];
  const length = 32 * 1024 * 1024;
  const port = await serve(t, async (request) => {
    if (request.method === 'GET') return new Promise((reply) => parked.push(reply));
    await request.body(length);
    return { status: 200, headers: {}, body: 'second.' };
  });
  const socket = open(t, port);
  socket.write(GET);
  while (parked.length === 0) await new Promise(setImmediate);
  const isTaken = socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
  assert.ok(isTaken);
  socket.write(Buffer.alloc(length));
  for (let i = 0; i < 200; i++) await new Promise(setImmediate);
  assert.ok(socket.writableLength > length / 2, 'the server has read it all');
  parked[0]?.({ status: 200, headers: {}, body: 'first.' });
  assert.match(await heard(socket, 'second.'), /first\.[^]*second\.$/);
});

test('an empty line behind a request does no harm', async (t) => {
  const parked: ((reply: HttpReply) => void)[] = [];
  const port = await serve(t, () => new Promise((reply) => parked.push(reply)));
  const socket = open(t, port);
  socket.write(GET);
  while (parked.length === 0) await new Promise(setImmediate);
  socket.write('\r\n');
  await new Promise(setImmediate);
  parked[0]?.({ status: 200, headers: {}, body: 'first.' });
  await heard(socket, 'first.');
  socket.write(GET);
  while (parked.length === 1) await new Promise(setImmediate);
  parked[1]?.({ status: 200, headers: {}, body: 'second.' });
  await heard(socket, 'second.');
});

test('a client that half-closes gets the whole of a large answer', async (t) => {
  const body = Buffer.alloc(20_000_000);
  const port = await serve(t, () => ({ status: 200, headers: {}, body }));
  const socket = open(t, port);
  socket.end(GET);
  let length = 0;
  socket.on('data', (text: string) => {
    length += text.length;
  });
  await once(socket, 'end');
  assert.ok(length > body.byteLength, `${length} bytes`);
});

test('clients that half-close are all answered, however many come at once', async (t) => {
  const port = await serve(t, () => ({ status: 200, headers: {}, body: 'ok.' }));
  const sockets = Array.from({ length: 60 }, () => open(t, port));
  for (const socket of sockets) {
    socket.write(GET);
    await heard(socket, 'ok.');
  }
  // All in one round of the loop: most have to wait for their turn.
  const answers = sockets.map(async (socket) => {
    socket.end(GET);
    return body(await heard(socket, 'ok.'));
  });
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['ok.']));
});

test('a reply that closes its connection says so once, and does', async (t) => {
  const port = await serve(t, () => ({
    status: 200,
    headers: { connection: 'close' },
    body: (async function* () {
      yield Buffer.from('a');
    })(),
  }));
  const socket = open(t, port);
  socket.write(GET);
  let text = '';
  socket.on('data', (more: string) => {
    text += more;
  });
  await once(socket, 'end');
  assert.deepEqual(text.match(/connection: .*/gi), ['Connection: close']);
  assert.doesNotMatch(text, /keep-alive/i);
});

test('what comes after a refusal is not done', async (t) => {
  let calls = 0;
  const server = new HttpServer({
    handlers: [
      () => {
        calls++;
        return { status: 200, headers: {} };
      },
    ],
    log: silentLogger,
    limits: { headerTimeoutMs: 50, sweepIntervalMs: 20 },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close(0));
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).setEncoding('latin1');
  t.after(() => socket.destroy());
  assert.match((await once(socket, 'data'))[0], /^HTTP\/1\.1 408/);
  socket.on('error', () => {});
  socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  await once(socket, 'close');
  assert.equal(calls, 0);
});

test('a client that says it is done while its request is parked is gone', async (t) => {
  const gone = Promise.withResolvers<void>();
  const port = await serve(t, (request) => {
    request.onClose(() => gone.resolve());
    return new Promise(() => {});
  });
  open(t, port).end(GET);
  await gone.promise;
});

test('a property: however its bytes are cut, a request is answered the same', async (t) => {
  const port = await serve(t, ({ path, query, headers }) => ({
    status: 200,
    headers: {},
    body: `${path} ${query} ${headers['x-a']}.`,
  }));
  const request = 'GET /a?b HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n';
  await fc.assert(
    fc.asyncProperty(fc.nat(request.length), async (at) => {
      const socket = open(t, port);
      socket.setNoDelay(true).write(request.slice(0, at));
      await new Promise(setImmediate);
      socket.write(request.slice(at));
      assert.equal(body(await heard(socket, '.')), '/a b b.');
      socket.destroy();
    }),
  );
});
