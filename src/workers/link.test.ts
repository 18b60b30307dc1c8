import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Link, TOPICS } from './link.ts';

interface Said {
  readonly topic: number;
  readonly subject: number;
  readonly detail: unknown;
  readonly payload: Uint8Array;
}

function listening(link: Link): Said[] {
  const heard: Said[] = [];
  for (const [index, topic] of TOPICS.entries()) {
    link.conversation(topic).listen({
      message: (subject, detail, payload) =>
        void heard.push({ topic: index, subject, detail, payload: Uint8Array.from(payload) }),
    });
  }
  return heard;
}

test('what is sent arrives whole and in order, however the pipe cuts it', () => {
  const said = fc.record({
    topic: fc.nat({ max: TOPICS.length - 1 }),
    subject: fc.nat({ max: 0xff_ff_ff_ff }),
    detail: fc.option(
      fc.record(
        { text: fc.string({ unit: 'grapheme' }), count: fc.integer() },
        { noNullPrototype: true },
      ),
      {
        nil: undefined,
      },
    ),
    payload: fc.uint8Array({ maxLength: 3_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(said, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (messages, cuts) => {
        const pipe: Uint8Array[] = [];
        const sender = new Link((bytes) => pipe.push(bytes));
        for (const { topic, subject, detail, payload } of messages) {
          const half = payload.byteLength >> 1;
          const parts = [payload.subarray(0, half), payload.subarray(half)];
          sender.conversation(TOPICS[topic] ?? 'http').send(subject, detail, parts);
        }
        const receiver = new Link(() => {});
        const heard = listening(receiver);
        const bytes = Buffer.concat(pipe);
        const lent = Buffer.alloc(700);
        for (let offset = 0, turn = 0; offset < bytes.byteLength; turn++) {
          const end = Math.min(offset + (cuts[turn % cuts.length] ?? 1), bytes.byteLength);
          const byteLength = bytes.copy(lent, 0, offset, end);
          receiver.receive(lent.subarray(0, byteLength));
          lent.fill(0xee);
          offset = end;
        }
        assert.deepEqual(
          heard,
          messages.map((message) => ({ ...message })),
        );
      },
    ),
  );
});

test('a payload is put where its listener wants it', () => {
  const memory = Buffer.alloc(100);
  const receiver = new Link(() => {});
  const heard: Uint8Array[] = [];
  receiver.conversation('ingest').listen({
    allocate: (subject, byteLength) => memory.subarray(subject, subject + byteLength),
    message: (_subject, _detail, payload) => heard.push(payload),
  });
  const sender = new Link((bytes) => receiver.receive(bytes));
  sender.conversation('ingest').send(7, undefined, [Buffer.from('abc')]);
  assert.equal(heard[0]?.buffer, memory.buffer);
  assert.equal(memory.toString('latin1', 7, 10), 'abc');
});

test('what is no message is refused before it is given memory', () => {
  const receiver = new Link(() => {});
  listening(receiver);
  assert.throws(() => receiver.receive(Buffer.alloc(13, 0xff)), /detail of 4294967295 bytes/);
});
