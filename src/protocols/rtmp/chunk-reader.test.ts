import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { type RtmpMessage, setChunkSize } from './message.ts';

const LIMIT_BYTES = 100_000;
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

function readAll(reader: ChunkReader, ...pieces: Uint8Array[]): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let message = reader.next(); message; message = reader.next()) messages.push(message);
  }
  return messages;
}

const read = (...pieces: Uint8Array[]) => readAll(new ChunkReader(LIMIT_BYTES), ...pieces);
const plain = (message: RtmpMessage) => ({ ...message, body: [...message.body] });
const summary = (message: RtmpMessage) => [message.chunkStreamId, message.timestampMs];

test('ChunkReader reads the audio example of RTMP 1.0, 5.3.2.1', () => {
  // Four messages of 32 bytes, 20 ms apart: type 0, type 2 (delta 20), type 3, type 3.
  const body = '00'.repeat(32);
  const messages = read(
    hex(`03 0003e8 000020 08 39300000 ${body} 83 000014 ${body} c3 ${body} c3 ${body}`),
  );
  assert.deepEqual(
    messages.map((message) => [message.timestampMs, message.typeId, message.messageStreamId]),
    [1000, 1020, 1040, 1060].map((timestampMs) => [timestampMs, 8, 12345]),
  );
});

test('ChunkReader reads the video example of RTMP 1.0, 5.3.2.2', () => {
  // 307 bytes in chunks of 128, 128 and 51.
  const [message, ...more] = read(
    hex(
      `04 0003e8 000133 09 3a300000 ${'01'.repeat(128)} c4 ${'02'.repeat(128)} c4 ${'03'.repeat(51)}`,
    ),
  );
  assert.deepEqual(more, []);
  assert.deepEqual(
    Buffer.from(message!.body),
    Buffer.concat([Buffer.alloc(128, 1), Buffer.alloc(128, 2), Buffer.alloc(51, 3)]),
  );
});

test('ChunkReader reads chunk stream ids of 1, 2 and 3 bytes', () => {
  const header = '000000 000001 14 00000000 aa';
  const ids = read(
    hex(`3f ${header} 00 00 ${header} 00 ff ${header} 01 00 01 ${header} 01 ff ff ${header}`),
  );
  assert.deepEqual(
    ids.map((message) => message.chunkStreamId),
    [63, 64, 319, 320, 65_599],
  );
});

test('ChunkReader takes the timestamp for the delta when a type 3 chunk begins a message after type 0', () => {
  const messages = read(hex('03 000021 000001 08 01000000 aa c3 bb'));
  assert.deepEqual(messages.map(summary), [
    [3, 0x21],
    [3, 0x42],
  ]);
});

test('ChunkReader reads an extended timestamp that type 3 chunks repeat', () => {
  const first = '11'.repeat(128);
  const [message] = read(hex(`03 ffffff 000081 09 01000000 01000000 ${first} c3 01000000 ee`));
  assert.equal(message?.timestampMs, 0x1000000);
  assert.equal(message?.body[128], 0xee);
});

test('ChunkReader reads type 3 chunks that leave the extended timestamp out, as old librtmp does', () => {
  const first = '11'.repeat(128);
  const bytes = hex(`03 ffffff 000085 09 01000000 01000000 ${first} c3 ee01020304`);
  for (let split = 0; split <= bytes.length; split++) {
    const [message] = read(bytes.subarray(0, split), bytes.subarray(split));
    assert.equal(Buffer.from(message!.body.subarray(128)).toString('hex'), 'ee01020304');
  }
});

test('ChunkReader adds an extended delta modulo 2^32', () => {
  const messages = read(
    hex('03 ffffff 000001 08 01000000 fffffff0 aa 83 000020 bb 83 ffffff 01000000 cc'),
  );
  assert.deepEqual(
    messages.map((message) => message.timestampMs),
    [0xfffffff0, 0x10, 0x1000010],
  );
});

test('ChunkReader obeys Set Chunk Size from the next chunk on', () => {
  const [message] = read(
    hex(`02 000000 000004 01 00000000 00000100 04 000000 0000c8 09 01000000 ${'07'.repeat(200)}`),
  );
  assert.equal(message?.body.byteLength, 200);
});

test('ChunkReader drops a partial message when Abort names its chunk stream', () => {
  const messages = read(
    hex(`04 000000 0000c8 09 01000000 ${'07'.repeat(128)}
         02 000000 000004 02 00000000 00000004
         04 000000 000001 09 01000000 55`),
  );
  assert.deepEqual(
    messages.map((message) => [...message.body]),
    [[0x55]],
  );
});

test('ChunkReader interleaves messages of different chunk streams', () => {
  const messages = read(
    hex(`04 000000 000081 09 01000000 ${'07'.repeat(128)}
         05 000000 000001 08 01000000 55
         c4 08`),
  );
  assert.deepEqual(
    messages.map((message) => [message.typeId, message.body.byteLength]),
    [
      [8, 1],
      [9, 129],
    ],
  );
});

test('ChunkReader accepts a chunk stream that begins with a type 1 chunk, as the ping of librtmp does', () => {
  const [message] = read(hex('42 000000 000006 04 0006 00000001'));
  assert.equal(message?.typeId, 4);
  assert.equal(message?.messageStreamId, 0);
});

test('ChunkReader gives a message without a body at once', () => {
  assert.equal(read(hex('05 000000 000000 08 01000000'))[0]?.body.byteLength, 0);
});

const refused: [string, Uint8Array][] = [
  ['a message is announced above the limit', hex('04 000000 0186a1 09 01000000')],
  ['a chunk stream begins with a type 2 chunk', hex('84 000000')],
  ['a chunk stream begins with a type 3 chunk', hex('c4')],
  [
    'a type 0 chunk comes in mid-message',
    hex(`04 000000 0000c8 09 01000000 ${'07'.repeat(128)} 04 000000 000001 09 01000000`),
  ],
  ['a chunk size of 0 is set', hex('02 000000 000004 01 00000000 00000000')],
  ['a chunk size above 2^31 - 1 is set', hex('02 000000 000004 01 00000000 80000000')],
  ['a Set Chunk Size has no body', hex('02 000000 000000 01 00000000')],
  [
    'partial messages add up to more than two of the largest',
    Buffer.concat(
      [3, 4, 5].map((id) => hex(`0${id} 000000 0186a0 09 01000000 ${'00'.repeat(128)}`)),
    ),
  ],
  [
    'it opens more than 64 chunk streams',
    Buffer.concat(
      Array.from({ length: 65 }, (_, i) => Buffer.from([0, i, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0])),
    ),
  ],
];

for (const [when, bytes] of refused) {
  test(`ChunkReader throws ProtocolViolation when ${when}`, () => {
    assert.throws(() => read(bytes), ProtocolViolation);
  });
}

test('ChunkReader takes a larger message once its limit was raised between two messages', () => {
  const reader = new ChunkReader(10);
  reader.push(hex(`04 000000 000001 09 01000000 aa c4`.replace('c4', '')));
  assert.equal(reader.next()?.body.byteLength, 1);
  reader.messageLimitBytes = 20;
  assert.equal(readAll(reader, hex(`04 000000 000014 09 01000000 ${'00'.repeat(20)}`)).length, 1);
});

test('ChunkReader keeps what was not read when more is pushed', () => {
  const one = hex('04 000000 000001 09 01000000 aa');
  const reader = new ChunkReader(10);
  reader.push(Buffer.concat([one, one]));
  assert.ok(reader.next());
  reader.push(one);
  assert.ok(reader.next());
  assert.ok(reader.next());
  assert.equal(reader.next(), undefined);
});

const anyMessage: fc.Arbitrary<RtmpMessage> = fc.record({
  typeId: fc.constantFrom(8, 9, 18, 20),
  chunkStreamId: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
  messageStreamId: fc.constantFrom(0, 1, 0x01020304),
  timestampMs: fc.oneof(
    fc.nat(100),
    fc.integer({ min: 0xfffff0, max: 0x1000010 }),
    fc.integer({ min: 0xffffff00, max: 0xffffffff }),
  ),
  body: fc.uint8Array({ maxLength: 400 }),
});

test('ChunkReader gives what ChunkWriter was given, however the bytes are split', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          { weight: 5, arbitrary: anyMessage },
          fc.integer({ min: 1, max: 300 }).map(setChunkSize),
        ),
        { maxLength: 12 },
      ),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
      (messages, pieceLengths) => {
        const writer = new ChunkWriter();
        const bytes = Buffer.concat(messages.map((message) => writer.encode(message)));
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + pieceLengths[i % pieceLengths.length]!;
          pieces.push(bytes.subarray(at, end));
          at = end;
        }
        const expected = messages.filter((message) => message.typeId !== 1).map(plain);
        assert.deepEqual(read(...pieces).map(plain), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('ChunkReader decodes any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
      try {
        read(...pieces);
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('keep() lets what was pushed change before all of it was asked for', () => {
  const reader = new ChunkReader(LIMIT_BYTES);
  const writer = new ChunkWriter();
  const message = (text: string) =>
    writer.encode({
      typeId: 20,
      chunkStreamId: 3,
      messageStreamId: 0,
      timestampMs: 0,
      body: Buffer.from(text),
    });
  const bytes = Buffer.concat([message('one'), message('two')]);
  reader.push(bytes);
  assert.equal(reader.next()?.body.toString(), 'one');
  reader.keep();
  bytes.fill(0);
  assert.equal(reader.next()?.body.toString(), 'two');
  assert.equal(reader.next(), undefined);
});
