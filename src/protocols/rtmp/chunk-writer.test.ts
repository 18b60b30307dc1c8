import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkWriter } from './chunk-writer.ts';
import { type RtmpMessage, setChunkSize } from './message.ts';

const message = (timestampMs: number, byteLength: number, chunkStreamId = 4): RtmpMessage => ({
  typeId: 8,
  chunkStreamId,
  messageStreamId: 1,
  timestampMs,
  body: new Uint8Array(byteLength).fill(0xaa),
});
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('ChunkWriter writes the shortest header that says it', () => {
  const writer = new ChunkWriter();
  assert.equal(hex(writer.encode(message(10, 1))), '0400000a00000108' + '01000000' + 'aa');
  assert.equal(hex(writer.encode(message(30, 2))), '4400001400000208' + 'aaaa');
  assert.equal(hex(writer.encode(message(60, 2))), '8400001e' + 'aaaa');
  assert.equal(hex(writer.encode(message(90, 2))), 'c4' + 'aaaa');
});

test('ChunkWriter writes an absolute timestamp when time steps back', () => {
  const writer = new ChunkWriter();
  writer.encode(message(90, 1));
  assert.equal(hex(writer.encode(message(60, 1))), '0400003c00000108' + '01000000' + 'aa');
});

test('ChunkWriter cuts at the chunk size in force', () => {
  const writer = new ChunkWriter();
  assert.equal(writer.encode(message(0, 300)).byteLength, 12 + 300 + 2);
  writer.encode(setChunkSize(4096));
  assert.equal(writer.encode(message(0, 300, 5)).byteLength, 12 + 300);
});

test('ChunkWriter repeats an extended timestamp in each chunk of a message', () => {
  const bytes = new ChunkWriter().encode(message(0x01000000, 129));
  assert.equal(hex(bytes.subarray(0, 16)), '04ffffff0000810801000000' + '01000000');
  assert.equal(hex(bytes.subarray(16 + 128)), 'c401000000aa');
});
