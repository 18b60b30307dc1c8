import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { FlvReader } from './flv-reader.ts';
import type { FlvTag } from './flv-tag.ts';
import {
  encodeAacFrame,
  encodeAvcFrame,
  encodeFlvHeader,
  encodeFlvMetadata,
} from './flv-writer.ts';

const LIMIT = 1_000_000;

const HEADER = encodeFlvHeader({ hasVideo: true, hasAudio: true });
const FILE = Buffer.concat([
  HEADER,
  ...encodeFlvMetadata({ framerate: 30 }),
  ...encodeAvcFrame({
    timestampMs: 0x01_00_00_21,
    compositionTimeMs: -33,
    isKeyframe: true,
    payload: new Uint8Array(5000).fill(7),
  }),
  ...encodeAacFrame(0xff_ff_ff_ff, Uint8Array.of(1, 2, 3)),
]);

function read(chunks: readonly Uint8Array[], limit = LIMIT): FlvTag[] {
  const reader = new FlvReader(limit);
  const tags: FlvTag[] = [];
  for (const chunk of chunks) {
    // A buffer that is used again by whoever pushed it.
    const bytes = Buffer.from(chunk);
    reader.push(bytes);
    for (let tag = reader.next(); tag; tag = reader.next()) tags.push(tag);
    bytes.fill(0xee);
  }
  return tags;
}

const plain = (tags: readonly FlvTag[]) =>
  tags.map(({ kind, timestampMs, body }) => [kind, timestampMs, Buffer.from(body).toString('hex')]);

test('FlvReader reads tags of all kinds with their 32-bit timestamps', () => {
  const tags = read([FILE]);
  assert.deepEqual(
    tags.map(({ kind, timestampMs, body }) => [kind, timestampMs, body.byteLength]),
    [
      ['script', 0, tags[0]!.body.byteLength],
      ['video', 0x01_00_00_21, 5005],
      ['audio', 0xff_ff_ff_ff, 5],
    ],
  );
});

test('FlvReader gives the same tags however the bytes are cut', () => {
  const whole = plain(read([FILE]));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: FILE.length })), (at) => {
      const cuts = [0, ...at.sort((a, b) => a - b), FILE.length];
      const chunks = cuts.slice(1).map((end, i) => FILE.subarray(cuts[i], end));
      assert.deepEqual(plain(read(chunks)), whole);
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(plain(read([...FILE].map((byte) => Uint8Array.of(byte)))), whole);
});

test('FlvReader gives a tag at its last byte, before the size behind it', () => {
  const tag = Buffer.concat(encodeAacFrame(5, Uint8Array.of(9)));
  assert.equal(read([HEADER, tag.subarray(0, -4)]).length, 1);
});

test('FlvReader passes over tags of types that FLV does not define', () => {
  const unknown = Buffer.concat(encodeAacFrame(5, Uint8Array.of(9)));
  unknown[0] = 15;
  const known = Buffer.concat(encodeAacFrame(6, Uint8Array.of(8)));
  assert.deepEqual(
    read([HEADER, unknown, known]).map(({ timestampMs }) => timestampMs),
    [6],
  );
});

test('FlvReader refuses a body above its limit when it is announced', () => {
  const tag = Buffer.concat(encodeAacFrame(5, new Uint8Array(100)));
  assert.throws(() => read([HEADER, tag.subarray(0, 11)], 101), ProtocolViolation);
  assert.equal(read([HEADER, tag], 102).length, 1);
});

test('FlvReader refuses what is not FLV, and encrypted tags', () => {
  assert.throws(() => read([Buffer.from('FLX\x01\x05\0\0\0\x09')]), ProtocolViolation);
  assert.throws(() => read([Buffer.from('FLV\x01\x05\xff\0\0\x09', 'latin1')]), ProtocolViolation);
  const tag = Buffer.concat(encodeAacFrame(5, Uint8Array.of(9)));
  tag[0] = 0x28;
  assert.throws(() => read([HEADER, tag]), ProtocolViolation);
});

test('FlvReader reads any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, hasHeader) => {
      try {
        read(hasHeader ? [HEADER, bytes] : [bytes], 1000);
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
