import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('decodeCbor()', () => {
  test('reads the examples of RFC 8949, appendix A', () => {
    for (const [bytes, value] of [
      ['00', 0],
      ['1818', 24],
      ['1903e8', 1000],
      ['1a000f4240', 1_000_000],
      ['1b000000e8d4a51000', 1_000_000_000_000],
      ['3903e7', -1000],
      ['f93e00', 1.5],
      ['f97bff', 65504],
      ['f90001', 5.960464477539063e-8],
      ['f9c400', -4],
      ['fa47c35000', 100_000],
      ['fb3ff199999999999a', 1.1],
      ['f97c00', Number.POSITIVE_INFINITY],
      ['f97e00', Number.NaN],
      ['f4', false],
      ['f5', true],
      ['f6', null],
      ['f7', null],
      ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
      ['c1fb41d452d9ec200000', new Date('2013-03-21T20:04:00.500Z')],
      ['62c3bc', 'ü'],
      ['83010203', [1, 2, 3]],
      ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
      ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
      ['7f657374726561646d696e67ff', 'streaming'],
      ['a26161016162820203', { a: 1, b: [2, 3] }],
    ] as const) {
      assert.deepEqual(decodeCbor(hex(bytes)), value, bytes);
    }
    assert.deepEqual(decodeCbor(hex('5f42010243030405ff')), Buffer.from([1, 2, 3, 4, 5]));
  });

  test('reads a time to the millisecond that was meant', () => {
    const date = new Date('2038-05-04T04:02:37.561Z');
    assert.deepEqual(decodeCbor(encodeCbor(date)), date);
  });

  test('refuses what is cut off, goes on, is nested too deep, or is no CBOR of Smithy', () => {
    for (const bytes of [
      '',
      '18',
      '6261',
      '0000',
      '81'.repeat(40),
      '9b7fffffffffffffff',
      '62c328',
      'a10101',
      'c160',
      'fc',
      '1c',
      '7f01ff',
      'ff',
    ]) {
      assert.throws(() => decodeCbor(hex(bytes)), ProtocolViolation, bytes);
    }
  });

  test('refuses more items than any call has', () => {
    const listOf = (item: string, count: number) => hex(`9f${item.repeat(count)}ff`);
    assert.equal((decodeCbor(listOf('a0', 99_999)) as unknown[]).length, 99_999);
    for (const item of ['a0', '00', '80', 'c100']) {
      assert.throws(() => decodeCbor(listOf(item, 100_000)), ProtocolViolation, item);
    }
    assert.throws(() => decodeCbor(hex(`7f${'60'.repeat(100_000)}ff`)), ProtocolViolation);
  });

  test('throws nothing but ProtocolViolation, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          assert.ok(error instanceof ProtocolViolation, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('encodeCbor() writes what decodeCbor() reads', () => {
  const date = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, false),
      fc.double(),
      fc.string({ unit: 'binary', maxLength: 300 }),
      date,
      fc.array(tie('value'), { maxLength: 40 }),
      fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(value, (item) => assert.deepEqual(decodeCbor(encodeCbor(item)), item)));
  assert.deepEqual(decodeCbor(encodeCbor({ a: undefined, b: 'x'.repeat(70_000) })), {
    b: 'x'.repeat(70_000),
  });
});
