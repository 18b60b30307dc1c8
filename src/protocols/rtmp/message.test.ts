import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  acknowledgement,
  decodeChunkSize,
  decodePingRequest,
  MESSAGE_TYPE,
  type RtmpMessage,
  setChunkSize,
  setPeerBandwidth,
  splitAggregate,
  streamBegin,
} from './message.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const aggregate = (timestampMs: number, body: string): RtmpMessage => ({
  typeId: MESSAGE_TYPE.aggregate,
  chunkStreamId: 4,
  messageStreamId: 1,
  timestampMs,
  body: Buffer.from(body.replaceAll(' ', ''), 'hex'),
});

test('control messages have the bytes of RTMP 1.0, 5.4 and 7.1.7', () => {
  assert.equal(hex(setChunkSize(4096).body), '00001000');
  assert.equal(hex(setPeerBandwidth(2_500_000).body), '002625a002');
  assert.equal(hex(streamBegin(1).body), '000000000001');
});

test('acknowledgement() wraps at 2^32', () => {
  assert.equal(hex(acknowledgement(2 ** 32 + 5).body), '00000005');
});

test('decodeChunkSize() takes 1 to 2^31 - 1', () => {
  assert.equal(decodeChunkSize(Buffer.from('00000001', 'hex')), 1);
  assert.equal(decodeChunkSize(Buffer.from('7fffffff', 'hex')), 0x7fffffff);
  for (const size of ['00000000', '80000000', '00']) {
    assert.throws(() => decodeChunkSize(Buffer.from(size, 'hex')), ProtocolViolation);
  }
});

test('decodePingRequest() gives the time to send back, and nothing for other events', () => {
  assert.equal(decodePingRequest(Buffer.from('000600001234', 'hex')), 0x1234);
  assert.equal(decodePingRequest(Buffer.from('0003000000010000012c', 'hex')), undefined);
});

test('splitAggregate() gives each tag as a message, timed from the aggregate', () => {
  const messages = splitAggregate(
    aggregate(
      1000,
      '08 000002 000064 00 000000 af01 0000000d 09 000001 000078 00 000000 17 0000000c',
    ),
  );
  assert.deepEqual(
    [...messages].map(({ typeId, timestampMs, body }) => [typeId, timestampMs, hex(body)]),
    [
      [8, 1000, 'af01'],
      [9, 1020, '17'],
    ],
  );
});

test('splitAggregate() splits any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
      try {
        for (const { body: inner } of splitAggregate({ ...aggregate(0, ''), body })) {
          assert.ok(inner.byteLength < body.byteLength);
        }
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
  );
});

// Each one inside another was a copy of the list of all that waited: 900 KB of them took 22 seconds.
test('splitAggregate() takes no aggregate inside an aggregate, and a thousand messages at most', () => {
  const nested = splitAggregate(aggregate(0, '16 000000 000000 00 000000 0000000b'));
  assert.throws(() => nested.next(), ProtocolViolation);
  const empty = '08 000000 000000 00 000000 0000000b ';
  assert.equal([...splitAggregate(aggregate(0, empty.repeat(1_000)))].length, 1_000);
  assert.throws(() => [...splitAggregate(aggregate(0, empty.repeat(1_001)))], ProtocolViolation);
});
