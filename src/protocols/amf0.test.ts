import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import {
  type Amf0Value,
  amf0Object,
  decodeAmf0,
  EcmaArray,
  encodeAmf0,
  TypedObject,
  XmlDocument,
} from './amf0.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const cases: { name: string; bytes: Uint8Array; values: Amf0Value[] }[] = [
  { name: 'number', bytes: hex('00 4020000000000000'), values: [8] },
  { name: 'boolean', bytes: hex('01 01 01 00'), values: [true, false] },
  { name: 'string', bytes: hex('02 0003 617070'), values: ['app'] },
  { name: 'null and undefined', bytes: hex('05 06'), values: [null, undefined] },
  {
    name: 'object',
    bytes: hex('03 0003 617070 02 0001 78 0000 09'),
    values: [amf0Object({ app: 'x' })],
  },
  {
    name: 'object with an empty member name',
    bytes: hex('03 0000 05 0000 09'),
    values: [new Map([['', null]])],
  },
  {
    name: 'ECMA array',
    bytes: hex('08 00000001 0001 61 01 01 0000 09'),
    values: [new EcmaArray([['a', true]])],
  },
  { name: 'strict array', bytes: hex('0a 00000002 05 02 0000'), values: [[null, '']] },
  {
    name: 'date',
    bytes: hex('0b 42 76 30 95 0b 40 00 00 0000'),
    values: [new Date(1524869673984)],
  },
  {
    name: 'typed object',
    bytes: hex('10 0001 54 0001 61 05 0000 09'),
    values: [new TypedObject('T', [['a', null]])],
  },
  { name: 'XML document', bytes: hex('0f 00000003 3c612f'), values: [new XmlDocument('<a/')] },
];

for (const { name, bytes, values } of cases) {
  test(`decodeAmf0() and encodeAmf0() agree on the bytes of a ${name}`, () => {
    assert.deepEqual(decodeAmf0(bytes), values);
    assert.deepEqual(encodeAmf0(values), bytes);
  });
}

test('encodeAmf0() writes a long string when it does not fit 16 bits', () => {
  const text = 'x'.repeat(65_536);
  const bytes = encodeAmf0([text]);
  assert.deepEqual(bytes.subarray(0, 5), hex('0c 00010000'));
  assert.deepEqual(decodeAmf0(bytes), [text]);
});

test('decodeAmf0() ignores the announced count of an ECMA array', () => {
  const bytes = hex('08 ffffffff 0001 61 05 0000 09');
  assert.deepEqual(decodeAmf0(bytes), [new EcmaArray([['a', null]])]);
});

test('decodeAmf0() keeps __proto__ a plain member', () => {
  const [value] = decodeAmf0(encodeAmf0([new Map([['__proto__', 'x']])]));
  assert.ok(value instanceof Map);
  assert.equal(value.get('__proto__'), 'x');
  assert.equal(value.get('toString'), undefined);
});

const refused: [string, Uint8Array][] = [
  ['a value is cut off', hex('00 40')],
  ['an object has no end', hex('03 0001 61 05')],
  ['a strict array announces more than there is', hex('0a ffffffff 05')],
  ['a long string announces more than 64 KiB', hex('0c 7fffffff')],
  ['a reference comes', hex('07 0000')],
  ['an AMF3 value comes', hex('11 01')],
  [
    'it is nested too deep',
    new Uint8Array(200).map((_, i) => (i % 5 === 0 ? 0x0a : +(i % 5 === 4))),
  ],
  ['there are too many values', new Uint8Array(5000).fill(5)],
];

for (const [when, bytes] of refused) {
  test(`decodeAmf0() throws ProtocolViolation when ${when}`, () => {
    assert.throws(() => decodeAmf0(bytes), ProtocolViolation);
  });
}

const { value: anyValue } = fc.letrec<{ value: Amf0Value }>((tie) => {
  const members = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), tie('value')), {
    maxLength: 4,
  });
  return {
    value: fc.oneof(
      { maxDepth: 5 },
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true }),
      members.map((entries) => new Map(entries)),
      members.map((entries) => new EcmaArray(entries)),
      fc.tuple(fc.string(), members).map(([name, entries]) => new TypedObject(name, entries)),
      fc.string().map((text) => new XmlDocument(text)),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
  };
});

test('decodeAmf0() inverts encodeAmf0()', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 5 }), (values) => {
      assert.deepEqual(decodeAmf0(encodeAmf0(values)), values);
    }),
  );
});

test('decodeAmf0() decodes any bytes or throws ProtocolViolation', () => {
  const markers = fc.array(fc.oneof(fc.nat(17), fc.nat(255)), { maxLength: 60 });
  fc.assert(
    fc.property(markers, (bytes) => {
      try {
        decodeAmf0(Uint8Array.from(bytes));
      } catch (error) {
        assert.ok(error instanceof ProtocolViolation, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
