import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemoryOutbox } from '../../test/support/memory-outbox.ts';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';

function setUp() {
  const clock = new FakeClock();
  const outbox = new MemoryOutbox(clock);
  const replayed: (string | undefined)[] = [];
  const handle = deadLetterRoutes({ outbox, onReplay: (target) => void replayed.push(target) });
  const addLetter = (target: string) =>
    outbox.addDeadLetters([
      {
        ...{ target, event: outbox.append('a'), reason: 'it answered 410', attempts: 5 },
        ...{ failedAtMs: clock.nowMs(), isReplaying: false },
      },
    ]);
  const ask = async (target: string, options: Parameters<typeof fakeRequest>[1] = {}) => {
    const headers = { host: '127.0.0.1:8080', ...options.headers };
    const reply = await handle(
      fakeRequest(target, { remoteAddress: '127.0.0.1', ...options, headers }),
    );
    return { status: reply?.status, body: reply && JSON.parse(await replyText(reply)) };
  };
  return { outbox, replayed, addLetter, ask, handle };
}

const LIST = '/events/dead-letters';
const REPLAY = '/events/dead-letters/replay';

describe('/events/dead-letters', () => {
  test('lists them with their envelopes, page by page', async () => {
    const { ask, addLetter } = setUp();
    assert.deepEqual(await ask(LIST), { status: 200, body: { deadLetters: [] } });
    for (let n = 0; n < 150; n++) await addLetter(n < 100 ? 'a' : 'b.c-d_e');
    const first = await ask(LIST);
    assert.equal(first.body.deadLetters.length, 100);
    const { event, ...letter } = first.body.deadLetters[0];
    assert.deepEqual(letter, {
      ...{ target: 'a', reason: 'it answered 410', attempts: 5 },
      ...{ failedAt: '2026-01-01T00:00:00.000Z', isReplaying: false },
    });
    assert.equal(event.detail.event_name, 'Stream Start');
    const second = await ask(`${LIST}?after=${encodeURIComponent(first.body.next)}`);
    assert.deepEqual([second.body.deadLetters.length, second.body.next], [50, undefined]);
    assert.equal((await ask(`${LIST}?target=b.c-d_e`)).body.deadLetters.length, 50);
    const one = await ask(`${LIST}?id=${event.id}`);
    assert.deepEqual(one.body.deadLetters[0].event, event);
    assert.equal((await ask(`${LIST}?after=x`)).status, 400);
  });

  test('refuses a filter that it does not know, is empty or is there twice', async () => {
    const { ask, addLetter, replayed, outbox } = setUp();
    await addLetter('a');
    for (const query of [
      'traget=a',
      'target=a&limit=1',
      'target=',
      'id',
      'target=a&target=b',
      'after=a/1',
    ]) {
      assert.equal((await ask(`${REPLAY}?${query}`, { method: 'POST' })).status, 400, query);
    }
    assert.equal((await ask(`${LIST}?traget=a`)).status, 400);
    assert.deepEqual(replayed, []);
    assert.ok(outbox.letters.every(({ isReplaying }) => !isReplaying));
  });

  test('replays all, those of a target, or one', async () => {
    const { ask, addLetter, replayed, outbox } = setUp();
    for (const target of ['a', 'a', 'b']) await addLetter(target);
    const post = { method: 'POST' };
    assert.deepEqual(await ask(`${REPLAY}?id=id-2`, post), { status: 202, body: { replaying: 1 } });
    assert.deepEqual((await ask(`${REPLAY}?target=a`, post)).body, { replaying: 2 });
    assert.deepEqual((await ask(REPLAY, post)).body, { replaying: 3 });
    assert.deepEqual(replayed, [undefined, 'a', undefined]);
    assert.ok(outbox.letters.every(({ isReplaying }) => isReplaying));
  });

  test('are for this machine, and for no web page', async () => {
    const { ask, handle, replayed } = setUp();
    for (const path of [LIST, REPLAY]) {
      const method = path === LIST ? 'GET' : 'POST';
      assert.equal((await ask(path, { method, remoteAddress: '192.0.2.1' })).status, 403);
      for (const headers of [
        { host: 'live.example' },
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { 'x-forwarded-for': '192.0.2.1' },
      ]) {
        assert.equal((await ask(path, { method, headers })).status, 403);
      }
    }
    assert.equal((await ask(LIST, { method: 'POST' })).status, 405);
    assert.equal((await ask(REPLAY)).status, 405);
    assert.equal(handle(fakeRequest('/events')), undefined);
    assert.deepEqual(replayed, []);
  });
});
