import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  TIME_OFFSET_TICKS,
  TimestampPrefix,
  writeProgramClockReference,
  writeTimestamp,
} from './timestamp.ts';

const timestamp = (value: number) => {
  const bytes = Buffer.alloc(5);
  writeTimestamp(bytes, 0, TimestampPrefix.ptsAlone, value - TIME_OFFSET_TICKS);
  return bytes.toString('hex');
};

const clock = (value: number) => {
  const bytes = Buffer.alloc(6);
  writeProgramClockReference(bytes, 0, value - TIME_OFFSET_TICKS);
  return bytes.toString('hex');
};

test('writeTimestamp() puts marker bits between 3, 15 and 15 bits', () => {
  assert.equal(timestamp(0), '2100010001');
  assert.equal(timestamp(900_000), '2100377741');
  assert.equal(timestamp(2 ** 33 - 1), '2fffffffff');
  assert.equal(timestamp(2 ** 32), '2900010001');
});

test('writeProgramClockReference() writes 33 bits and an extension of 0', () => {
  assert.equal(clock(0), '000000007e00');
  assert.equal(clock(3), '00000001fe00');
  assert.equal(clock(2 ** 33 - 1), 'fffffffffe00');
  assert.equal(clock(2 ** 32), '800000007e00');
});

test('timestamps are taken modulo 2^33', () => {
  assert.equal(timestamp(2 ** 33 + 900_000), timestamp(900_000));
  assert.equal(timestamp(-1), timestamp(2 ** 33 - 1));
  assert.equal(timestamp(-(2 ** 34)), timestamp(0));
  assert.equal(clock(5 * 2 ** 33 + 3), clock(3));
});
