import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Part } from '../packaging/segment.ts';
import { PartCopies } from './part-copies.ts';

const TEXT = 'what pictures and sounds became';

function setUp() {
  const calls = { encode: 0, release: 0 };
  const encode = () => {
    calls.encode++;
    return new Uint8Array(Buffer.from(TEXT));
  };
  const encodable = { byteLength: TEXT.length, encode, release: () => void calls.release++ };
  const part = new Part({ index: 0, durationTicks: 18_000, isIndependent: true, encodable });
  return { calls, part, copies: new PartCopies() };
}

const giveAway = (bytes: Uint8Array) => {
  const { buffer } = bytes as Uint8Array<ArrayBuffer>;
  return Buffer.from(structuredClone(bytes, { transfer: [buffer] })).toString();
};

test('of() encodes a part once for all threads that it goes to, and gives each memory of its own', () => {
  const { calls, part, copies } = setUp();
  const given = [copies.of(part), copies.of(part), copies.of(part)];
  assert.equal(new Set(given.map(({ buffer }) => buffer)).size, 3);
  assert.deepEqual(given.map(giveAway), [TEXT, TEXT, TEXT]);
  assert.deepEqual(calls, { encode: 1, release: 0 });
});

test('of() has the bytes of a part that was given away before', () => {
  const { part, copies } = setUp();
  assert.equal(giveAway(copies.of(part)), TEXT);
  assert.equal(giveAway(copies.of(part)), TEXT);
});

test('of() leaves alone what viewers of this thread have', () => {
  const { calls, part, copies } = setUp();
  const bytes = part.bytes();
  assert.equal(giveAway(copies.of(part)), TEXT);
  assert.equal(Buffer.from(bytes).toString(), TEXT);
  assert.deepEqual(calls, { encode: 1, release: 1 });
});
