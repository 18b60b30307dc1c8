import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteRange, parseByteRange } from './byte-range.ts';

const RANGES: readonly (readonly [string, ByteRange | 'unsatisfiable' | undefined])[] = [
  ['bytes=0-', { first: 0, last: 99 }],
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=10-19', { first: 10, last: 19 }],
  ['bytes=10-1000', { first: 10, last: 99 }],
  ['Bytes=99-', { first: 99, last: 99 }],
  ['bytes=-1', { first: 99, last: 99 }],
  ['bytes=-1000', { first: 0, last: 99 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=999-1000', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=20-10', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,5-6', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0x1-2', undefined],
  ['bytes=9999999999999999-', undefined],
  ['items=0-1', undefined],
  ['', undefined],
];

for (const [header, expected] of RANGES) {
  test(`parseByteRange() reads "${header}" of 100 bytes as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseByteRange(header, 100), expected);
  });
}

test('parseByteRange() satisfies nothing of an empty resource', () => {
  assert.equal(parseByteRange('bytes=0-', 0), 'unsatisfiable');
  assert.equal(parseByteRange('bytes=-5', 0), 'unsatisfiable');
});
