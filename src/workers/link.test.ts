import assert from 'node:assert/strict';
import test from 'node:test';
import { type Batch, Link } from './link.ts';
import { linkPair } from './testing/link-pair.ts';

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('what is said of several topics arrives whole and in order', async () => {
  const { main, worker } = linkPair();
  const heard: unknown[] = [];
  for (const topic of ['ingest', 'http'] as const) {
    main.conversation(topic).listen({
      message: (subject, detail, payload) =>
        void heard.push([topic, subject, detail, Buffer.from(payload).toString()]),
    });
  }
  const bytes = Buffer.from('media');
  worker.conversation('ingest').send(7, { kind: 'frame' }, [bytes, Buffer.from('!')]);
  worker.conversation('http').send(1);
  worker.conversation('ingest').send(8, { names: new Map([['a', 1]]) });
  bytes.fill(0);
  await turns(3);
  assert.deepEqual(heard, [
    ['ingest', 7, { kind: 'frame' }, 'media!'],
    ['http', 1, undefined, ''],
    ['ingest', 8, { names: new Map([['a', 1]]) }, ''],
  ]);
});

test('give() hands the memory over, unless something else lies in it', async () => {
  const { main, worker } = linkPair();
  const heard: string[] = [];
  worker.conversation('windows').listen({
    message: (_subject, _detail, payload) => void heard.push(Buffer.from(payload).toString()),
  });
  const { give } = main.conversation('windows');
  const whole = new Uint8Array(Buffer.from('part'));
  const cut = new Uint8Array(Buffer.from('part of more')).subarray(0, 4);
  give(1, { kind: 'part' }, whole);
  give(1, { kind: 'part' }, cut);
  give(1, { kind: 'part' }, new Uint8Array(new SharedArrayBuffer(2)));
  await turns(3);
  assert.deepEqual(heard, ['part', 'part', '\0\0']);
  assert.equal(whole.byteLength, 0);
  assert.equal(Buffer.from(cut).toString(), 'part');
});

test('what a listener says at the last moment goes along', async () => {
  const { main, worker } = linkPair();
  const heard: number[] = [];
  main.conversation('ingest').listen({ message: (subject) => heard.push(subject) });
  const conversation = worker.conversation('ingest');
  conversation.listen({ message: () => {}, flushing: () => conversation.send(2) });
  conversation.flushSoon();
  await turns(3);
  assert.deepEqual(heard, [2]);
});

test('the backlog is what the other side has not dealt with', async () => {
  const { main, worker } = linkPair();
  main.conversation('http').listen({ message: () => {} });
  worker.conversation('http').send(1);
  await turns(1);
  assert.equal(worker.backlog, 1);
  await turns(2);
  assert.equal(worker.backlog, 0);
  assert.equal(main.backlog, 0);
});

test('what is said while the other side is busy goes as one batch', async () => {
  const batches: Batch[] = [];
  const pauses: (() => void)[] = [];
  const link = new Link({
    dealtWith: new Int32Array(2),
    post: (batch) => void batches.push(batch),
    soon: (run) => run(),
    after: (_delayMs, run) => void pauses.push(run),
    side: 'worker',
  });
  const { send, flushLater } = link.conversation('ingest');
  flushLater();
  assert.equal(pauses.length, 1, 'some time after, where nothing else is said');
  send(1);
  assert.equal(batches.length, 1);
  send(2);
  send(3);
  flushLater();
  assert.equal(batches.length, 1);
  assert.equal(pauses.length, 2);
  link.flush();
  assert.deepEqual(
    batches.map((batch) => batch.map(([, subject]) => subject)),
    [[1], [2, 3]],
  );
});
