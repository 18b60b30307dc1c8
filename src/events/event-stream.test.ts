import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemoryOutbox } from '../../test/support/memory-outbox.ts';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import type { HttpReply } from '../lib/http.ts';
import { type EventReaders, EventStream } from './event-stream.ts';

function setUp(readers: EventReaders = 'local') {
  const clock = new FakeClock();
  const outbox = new MemoryOutbox(clock);
  const stream = new EventStream({ outbox, readers, clock });
  return { clock, outbox, stream };
}

const localRequest = (target = '/events', headers: Readonly<Record<string, string>> = {}) =>
  fakeRequest(target, {
    headers: { host: 'localhost:8080', ...headers },
    remoteAddress: '127.0.0.1',
  });

/** Reads what is streamed, piece by piece. */
async function open(stream: EventStream, request: ReturnType<typeof localRequest>) {
  const reply = (await stream.handle(request)) as HttpReply;
  assert.equal(reply.status, 200);
  const body = reply.body as AsyncIterable<Uint8Array>;
  const pieces = body[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await pieces.next();
    return done ? undefined : Buffer.from(value).toString();
  };
  assert.equal(await next(), 'retry: 2000\n\n');
  return { reply, next };
}

const idsIn = (text: string | undefined) =>
  [...(text ?? '').matchAll(/^id: (\d+)\ndata: (.+)\n\n/gm)].map(([, id, data]) => {
    assert.equal(JSON.parse(data!).id, `id-${id}`);
    return Number(id);
  });

describe('GET /events', () => {
  test('tells of what happens from now on, as server-sent events', async () => {
    const { outbox, stream } = setUp();
    outbox.append('before');
    const { reply, next } = await open(stream, localRequest());
    assert.equal(reply.headers['content-type'], 'text/event-stream');
    outbox.append('a');
    outbox.append();
    assert.deepEqual(idsIn(await next()), [2, 3]);
    const waiting = next();
    outbox.append('b');
    assert.deepEqual(idsIn(await waiting), [4]);
  });

  test('goes on after Last-Event-ID, in batches, and not beyond what there is', async () => {
    const { outbox, stream } = setUp();
    for (let n = 0; n < 250; n++) outbox.append('a');
    const { next } = await open(stream, localRequest('/events', { 'last-event-id': '120' }));
    const ids = [...idsIn(await next()), ...idsIn(await next())];
    assert.deepEqual(
      ids,
      Array.from({ length: 130 }, (_, n) => 121 + n),
    );
    const ahead = await open(stream, localRequest('/events', { 'last-event-id': '99999' }));
    outbox.append('a');
    assert.deepEqual(idsIn(await ahead.next()), [251]);
    const odd = await open(stream, localRequest('/events', { 'last-event-id': 'x' }));
    outbox.append('a');
    assert.deepEqual(idsIn(await odd.next()), [252]);
  });

  test('tells of one channel, and of what a pattern wants', async () => {
    const { outbox, stream } = setUp();
    const arn = 'arn:aws:ivs:us-west-2:123456789012:channel/b';
    const pattern = JSON.stringify({ detail: { event_name: ['Stream End'] } });
    const query = new URLSearchParams({ channel: arn, pattern });
    const { next } = await open(stream, localRequest(`/events?${query}`));
    const waiting = next();
    outbox.append('a', 'Stream End');
    outbox.append('b', 'Stream Start');
    outbox.append(undefined, 'Stream End');
    outbox.append('b', 'Stream End');
    assert.deepEqual(idsIn(await waiting), [4]);
    for (const bad of ['{', '{}', '{"a":1}']) {
      const reply = await stream.handle(localRequest(`/events?pattern=${encodeURIComponent(bad)}`));
      assert.equal(reply?.status, 400);
      assert.match(await replyText(reply), /^pattern/);
    }
  });

  test('says that it is there, and how far it came', async () => {
    const { clock, outbox, stream } = setUp();
    const { next } = await open(stream, localRequest('/events?channel=b'));
    const waiting = next();
    outbox.append('a');
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(15_000);
    assert.equal(await waiting, ': heartbeat\nid: 1\n\n');
  });

  test('ends with its client, and with the server after what there was', async () => {
    const { outbox, stream } = setUp();
    const request = localRequest();
    const { next } = await open(stream, request);
    const waiting = next();
    request.goAway();
    assert.equal(await waiting, undefined);
    const other = await open(stream, localRequest());
    const last = other.next();
    outbox.append('a');
    stream[Symbol.dispose]();
    assert.deepEqual(idsIn(await last), [1]);
    assert.equal(await other.next(), undefined);
    assert.equal((await stream.handle(localRequest()))?.status, 503);
  });

  test('is for so many clients, and each that left makes room', async () => {
    const { stream } = setUp();
    const requests = Array.from({ length: 100 }, () => localRequest());
    await Promise.all(requests.map((request) => open(stream, request)));
    assert.equal((await stream.handle(localRequest()))?.status, 503);
    requests[0]?.goAway();
    await open(stream, localRequest());
  });

  test('leaves one timer, however much it has read, and none when it is over', async () => {
    const { clock, outbox, stream } = setUp();
    let timers = 0;
    const { after } = clock;
    clock.after = (delayMs, run) => {
      timers++;
      const cancel = after.call(clock, delayMs, run);
      let isCancelled = false;
      return () => {
        if (!isCancelled) timers--;
        isCancelled = true;
        cancel();
      };
    };
    for (let n = 0; n < 450; n++) outbox.append('a');
    const request = localRequest('/events', { 'last-event-id': '0' });
    const { next } = await open(stream, request);
    for (let batch = 0; batch < 5; batch++) await next();
    assert.equal(timers, 1);
    const last = next();
    request.goAway();
    assert.equal(await last, undefined);
    assert.equal(timers, 0);
  });

  test('an address elsewhere has so many places, and reads so far back', async () => {
    const { outbox, stream } = setUp('public');
    const from = (remoteAddress: string, headers = {}) =>
      fakeRequest('/events', { remoteAddress, headers });
    const requests = Array.from({ length: 10 }, (_, n) => from(`2001:db8:1:2::${n}`));
    await Promise.all(requests.map((request) => open(stream, request)));
    const refused = await stream.handle(from('2001:db8:1:2::ffff'));
    assert.equal(refused?.status, 503);
    assert.match(await replyText(refused), /address/);
    requests[0]?.goAway();
    await open(stream, from('2001:db8:1:2::ffff'));
    for (let n = 0; n < 10_050; n++) outbox.append('a');
    const all = { 'last-event-id': '0' };
    const { next } = await open(stream, from('192.0.2.8', all));
    assert.equal(idsIn(await next())[0], 51);
    assert.equal(idsIn(await (await open(stream, localRequest('/events', all))).next())[0], 1);
  });

  test('is for programs on this machine, for anyone, or not there', async () => {
    const elsewhere = fakeRequest('/events');
    assert.equal((await setUp().stream.handle(elsewhere))?.status, 403);
    assert.equal((await setUp('public').stream.handle(elsewhere))?.status, 200);
    assert.equal(setUp('off').stream.handle(localRequest()), undefined);
    const post = { ...localRequest(), method: 'POST' };
    assert.equal((await setUp().stream.handle(post))?.status, 405);
    assert.equal(setUp().stream.handle(localRequest('/events/else')), undefined);
  });
});
