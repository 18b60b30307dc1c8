import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { encodeId3Tag, type Id3Frame } from './id3.ts';
import { decodeId3Tag } from './testing/id3-decoder.ts';

test('encodeId3Tag() writes PutMetadata as the IVS player reads it: PRIV of metadata.live-video.net', () => {
  const owner = 'metadata.live-video.net';
  const tag = encodeId3Tag([{ kind: 'PRIV', owner, data: Buffer.from('hello') }]);
  assert.equal(
    Buffer.from(tag).toString('latin1'),
    `ID3\x04\0\0\0\0\0\x27PRIV\0\0\0\x1d\0\0${owner}\0hello`,
  );
});

test('encodeId3Tag() writes text as UTF-8, and sizes of seven bits a byte', () => {
  const value = 'ü'.repeat(100);
  const tag = encodeId3Tag([{ kind: 'TXXX', description: 'segmentmetadata', value }]);
  const frameByteLength = 1 + 15 + 1 + 200;
  assert.deepEqual([...tag.subarray(14, 18)], [0, 0, frameByteLength >> 7, frameByteLength & 0x7f]);
  assert.equal(tag[20], 3);
});

test('decodeId3Tag() reads what encodeId3Tag() wrote', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 });
  const ended = text.filter((each) => !each.includes('\0'));
  const data = fc.uint8Array({ maxLength: 2000 });
  const frame: fc.Arbitrary<Id3Frame> = fc.oneof(
    fc
      .tuple(ended, ended)
      .map(([description, value]) => ({ kind: 'TXXX' as const, description, value })),
    fc.tuple(ended, data).map(([owner, data]) => ({ kind: 'PRIV' as const, owner, data })),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), (frames) => {
      assert.deepEqual(decodeId3Tag(encodeId3Tag(frames)), frames);
    }),
  );
});

test('decodeId3Tag() reads the TXXX that ffmpeg writes, and passes over its other frames', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ivory-id3-'));
  try {
    const path = join(folder, 'a.mp3');
    const input = ['-f', 'lavfi', '-i', 'sine=duration=0.1', '-metadata', 'title=tone'];
    execFileSync('ffmpeg', [
      ...['-loglevel', 'error', ...input, '-metadata', 'note=größe', '-id3v2_version', '4', path],
    ]);
    assert.deepEqual(decodeId3Tag(readFileSync(path)), [
      { kind: 'TXXX', description: 'note', value: 'größe' },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('encodeId3Tag() refuses a description or an owner that a zero would end early', () => {
  const data = new Uint8Array();
  assert.throws(() => encodeId3Tag([{ kind: 'PRIV', owner: 'a\0', data }]), RangeError);
  const description = 'a\0b';
  assert.throws(() => encodeId3Tag([{ kind: 'TXXX', description, value: '' }]), RangeError);
});

test('decodeId3Tag() refuses another version, unsynchronisation, sizes that are not synchsafe, and every cut', () => {
  const tag = encodeId3Tag([{ kind: 'TXXX', description: 'a', value: 'b' }]);
  const changed = (at: number, value: number) => {
    const bytes = tag.slice();
    bytes[at] = value;
    return bytes;
  };
  for (const bytes of [changed(0, 0), changed(3, 3), changed(5, 0x80), changed(9, 0x80)]) {
    assert.throws(() => decodeId3Tag(bytes), ProtocolViolation);
  }
  for (let length = 0; length < tag.byteLength; length++) {
    assert.throws(() => decodeId3Tag(tag.subarray(0, length)), ProtocolViolation);
  }
});

test('decodeId3Tag() reads any bytes or throws ProtocolViolation', () => {
  const good = encodeId3Tag([
    { kind: 'TXXX', description: 'segmentmetadata', value: '{}' },
    { kind: 'PRIV', owner: 'o', data: Uint8Array.of(1, 2, 3) },
  ]);
  const damaged = fc
    .array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { maxLength: 5 })
    .map((changes) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        decodeId3Tag(bytes);
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
