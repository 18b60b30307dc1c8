import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BitWriter } from '../../test/support/bit-writer.ts';
import { BitReader } from './bit-reader.ts';
import { ProtocolViolation } from './protocol-violation.ts';

test('bits() reads most significant bits first, across bytes', () => {
  const reader = new BitReader(Uint8Array.of(0b1010_0101, 0b1100_0011));
  assert.equal(reader.bits(3), 0b101);
  assert.equal(reader.bits(7), 0b0010111);
  assert.equal(reader.remainingBits, 6);
  assert.equal(reader.bits(6), 0b000011);
});

test('bits() reads 32 bits as unsigned', () => {
  assert.equal(new BitReader(Uint8Array.of(255, 255, 255, 255)).bits(32), 0xffff_ffff);
});

test('unsignedExpGolomb() reads the codes of ISO 14496-10 table 9-2', () => {
  // 1 | 010 | 011 | 00100 | 00101
  const reader = new BitReader(Uint8Array.of(0b1010_0110, 0b0100_0010, 0b1000_0000));
  assert.deepEqual(
    Array.from({ length: 5 }, () => reader.unsignedExpGolomb()),
    [0, 1, 2, 3, 4],
  );
});

test('signedExpGolomb() alternates signs as ISO 14496-10 table 9-3', () => {
  const writer = new BitWriter();
  for (let code = 0; code < 7; code++) writer.unsignedExpGolomb(code);
  const reader = new BitReader(writer.finish());
  assert.deepEqual(
    Array.from({ length: 7 }, () => reader.signedExpGolomb()),
    [0, 1, -1, 2, -2, 3, -3],
  );
});

test('alignToByte() moves to the next boundary and stays on one', () => {
  const reader = new BitReader(Uint8Array.of(0xff, 0x01));
  reader.alignToByte();
  assert.equal(reader.remainingBits, 16);
  reader.skip(1);
  reader.alignToByte();
  assert.equal(reader.bits(8), 1);
});

test('BitReader reads back what was written', () => {
  const field = fc.oneof(
    fc.integer({ min: 1, max: 32 }).chain((count) =>
      fc.record({
        kind: fc.constant('bits' as const),
        count: fc.constant(count),
        value: fc.integer({ min: 0, max: 2 ** count - 1 }),
      }),
    ),
    fc.record({
      kind: fc.constant('ue' as const),
      value: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    }),
    fc.record({
      kind: fc.constant('se' as const),
      value: fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 30 }), (fields) => {
      const writer = new BitWriter();
      for (const each of fields) {
        if (each.kind === 'bits') writer.bits(each.value, each.count);
        if (each.kind === 'ue') writer.unsignedExpGolomb(each.value);
        if (each.kind === 'se') writer.signedExpGolomb(each.value);
      }
      const reader = new BitReader(writer.finish());
      for (const each of fields) {
        const value =
          each.kind === 'bits'
            ? reader.bits(each.count)
            : each.kind === 'ue'
              ? reader.unsignedExpGolomb()
              : reader.signedExpGolomb();
        assert.equal(value, each.value);
      }
    }),
  );
});

test('BitReader throws ProtocolViolation past the end and at an endless Exp-Golomb code', () => {
  assert.throws(() => new BitReader(Uint8Array.of(1)).bits(9), ProtocolViolation);
  assert.throws(() => new BitReader(new Uint8Array(2)).unsignedExpGolomb(), ProtocolViolation);
  assert.throws(() => new BitReader(new Uint8Array(9)).unsignedExpGolomb(), ProtocolViolation);
});

test('BitReader reads only its window of a shared buffer', () => {
  const pool = Uint8Array.of(0xff, 0x0f, 0xff);
  const reader = new BitReader(pool.subarray(1, 2));
  assert.equal(reader.bits(8), 0x0f);
  assert.throws(() => reader.bits(1), ProtocolViolation);
});
