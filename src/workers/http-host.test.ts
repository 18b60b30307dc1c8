import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { HttpServer } from '../adapters/http-server.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { contentLength } from '../lib/http-body.ts';
import { silentLogger } from '../lib/logger.ts';
import { PIECE_BYTES } from './reply-pieces.ts';
import {
  bytesOf,
  fakeClient,
  Growing,
  get,
  growing,
  iteratorOf,
  nextOf,
  settled,
  threads,
} from './testing/http-threads.ts';

const chunk = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .integer({ min: PIECE_BYTES - 2, max: 3 * PIECE_BYTES })
    .map((length) => Buffer.alloc(length, 'abcdefg')),
);
const chunks = fc.array(chunk, { maxLength: 5 });

/** Can be read more than once. */
const asItComes = (list: readonly Uint8Array[]): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    yield* list;
  },
});

const anyBody: fc.Arbitrary<Pick<HttpReply, 'body' | 'byteLength'>> = fc.oneof(
  fc.constant({}),
  fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('grün '.repeat(20_000))).map((body) => ({
    body,
  })),
  chunk.map((body) => ({ body })),
  chunks.map((body) => ({ body })),
  chunks.map((list) => ({ body: asItComes(list) })),
  chunks.map((list) => ({
    body: asItComes(list),
    byteLength: list.reduce((sum, { byteLength }) => sum + byteLength, 0),
  })),
);
const anyReply: fc.Arbitrary<HttpReply> = fc
  .record({
    status: fc.constantFrom(200, 206, 404, 500),
    headers: fc.constantFrom({}, { 'Content-Type': 'text/plain', 'X-Count': 1, 'X-Latin': 'grün' }),
    shared: fc.constantFrom({}, { isShared: true }),
    body: anyBody,
  })
  .map(({ status, headers, shared, body }) => ({ status, headers, ...shared, ...body }));

test('a property: whatever a handler replies is seen through the worker as it is without', async () => {
  await fc.assert(
    fc.asyncProperty(anyReply, async (expected) => {
      const { remote } = threads(() => expected);
      const reply = await get(remote);
      assert.equal(reply.status, expected.status);
      assert.deepEqual(reply.headers, expected.headers);
      assert.equal(contentLength(reply), contentLength(expected));
      assert.ok((await bytesOf(reply)).equals(await bytesOf(expected)));
    }),
    { numRuns: 60 },
  );
});

async function serve(t: TestContext, handler: HttpHandler): Promise<number> {
  const server = new HttpServer({ handlers: [handler], log: silentLogger });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close(0));
  return port;
}

/** What a client that sends `request` hears until the connection closes. */
async function heard(port: number, request: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('latin1');
  let text = '';
  socket.on('data', (more: string) => {
    text += more;
  });
  socket.write(request, 'latin1');
  await once(socket, 'close');
  return text.replace(/Date: .*\r\n/i, '');
}

/** The frames of a body that grows say nothing of it. */
function unchunked(text: string): string {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  if (!/transfer-encoding: chunked/i.test(head)) return text;
  let frames = rest.join('\r\n\r\n');
  let body = '';
  for (;;) {
    const lineEnd = frames.indexOf('\r\n');
    const length = Number.parseInt(frames.slice(0, lineEnd), 16);
    if (!(length > 0)) return `${head}\r\n\r\n${body}`;
    body += frames.slice(lineEnd + 2, lineEnd + 2 + length);
    frames = frames.slice(lineEnd + 4 + length);
  }
}

const CLOSE = { Connection: 'close' };
const LARGE = Buffer.alloc(5 * PIECE_BYTES + 1, 'large');
const REPLIES: Readonly<Record<string, HttpReply>> = {
  'a text': { status: 200, headers: { ...CLOSE, 'X-A': 1 }, body: 'grün' },
  'a list of buffers': { status: 206, headers: CLOSE, body: [Buffer.from('a'), Buffer.from('b')] },
  'a large body': { status: 200, headers: CLOSE, body: [LARGE, LARGE] },
  'an empty body': { status: 200, headers: CLOSE, body: '' },
  'no body': { status: 404, headers: CLOSE },
  'no content': { status: 204, headers: CLOSE },
  'not modified': { status: 304, headers: { ...CLOSE, ETag: '"a"' } },
  'a body that grows': { ...growing(asItComes([Buffer.from('a'), LARGE])), headers: CLOSE },
  'a body of a known length that comes as it is read': {
    ...growing(asItComes([Buffer.from('a'), LARGE])),
    headers: CLOSE,
    byteLength: LARGE.byteLength + 1,
  },
};

for (const [what, reply] of Object.entries(REPLIES)) {
  test(`a client of a worker is sent ${what} as by the main thread itself`, async (t) => {
    const { remote } = threads(() => reply);
    const [port, without] = await Promise.all([serve(t, remote.handle), serve(t, () => reply)]);
    for (const request of [
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ]) {
      const expected = unchunked(await heard(without, request));
      assert.equal(unchunked(await heard(port, request)), expected);
    }
  });
}

test('the head of a body that grows does not wait for the body', async () => {
  const body = new Growing();
  const { remote } = threads(() => growing(body));
  const reply = await get(remote);
  assert.equal(body.asked, 0);
  const iterator = iteratorOf(reply);
  const [first] = await Promise.all([nextOf(iterator), body.grow('one')]);
  assert.equal(first, 'one');
  const [second] = await Promise.all([nextOf(iterator), body.grow('two')]);
  assert.equal(second, 'two');
  const [end] = await Promise.all([nextOf(iterator), body.give({ done: true, value: undefined })]);
  assert.equal(end, undefined);
});

test('a body is read no faster than its client takes it', async () => {
  const body = new Growing();
  const { remote } = threads(() => growing(body));
  const iterator = iteratorOf(await get(remote));
  await settled();
  assert.equal(body.asked, 0);
  await Promise.all([iterator.next(), body.give({ done: false, value: LARGE })]);
  await settled();
  assert.equal(body.asked, 1);
  for (let left = LARGE.byteLength - PIECE_BYTES; left > 0; ) {
    const { value } = await iterator.next();
    assert.ok(value.byteLength <= PIECE_BYTES);
    left -= value.byteLength;
  }
  await settled();
  assert.equal(body.asked, 1);
});

test('HEAD of a body that grows does not read it', async () => {
  const body = new Growing();
  const { remote } = threads(() => growing(body), { maxRequests: 1 });
  for (let i = 0; i < 3; i++) {
    const reply = await get(remote, fakeClient({ method: 'HEAD' }));
    assert.equal(reply.status, 200);
  }
  assert.equal(body.asked, 0);
});

test('a handler that throws, rejects or answers nonsense is a 500 for that request alone', async () => {
  const { remote, errors } = threads(({ path }) => {
    if (path === '/throw') throw new Error('a fault');
    if (path === '/reject') return Promise.reject(new Error('a fault'));
    if (path === '/nonsense') return Promise.resolve(undefined as unknown as HttpReply);
    return { status: 200, headers: {} };
  });
  for (const path of ['/throw', '/reject', '/nonsense']) {
    assert.equal((await get(remote, fakeClient({ path }))).status, 500);
  }
  assert.equal(errors.length, 3);
  assert.equal((await get(remote)).status, 200);
  assert.equal(errors.length, 3);
});

test('a large body with a header that is none is a 500, and is under way no more', async () => {
  const { remote, errors } = threads(
    () => ({ status: 200, headers: { 'X-A': 'a\r\nb' }, body: LARGE }),
    { maxRequests: 1 },
  );
  assert.equal((await get(remote)).status, 500);
  assert.equal((await get(remote)).status, 500);
  assert.equal(errors.length, 2);
});

test('a body that breaks off in the main thread breaks off in the worker', async () => {
  const body = new Growing();
  const { remote, errors } = threads(() => growing(body), { maxRequests: 1 });
  const iterator = iteratorOf(await get(remote));
  await Promise.all([iterator.next(), body.grow('one')]);
  const broken = assert.rejects(iterator.next(), /broke off/);
  await body.give(new Error('aborted'));
  await broken;
  assert.equal(errors.length, 1);
  // It is under way no more.
  assert.ok(remote.handle(fakeClient()) instanceof Promise);
});
