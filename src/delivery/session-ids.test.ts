import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { publicSessionId, SessionIds } from './session-ids.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const newIds = (key: Uint8Array = randomBytes(32)) =>
  new SessionIds({ key, random: randomBytes, clock: new FakeClock() });

test('isGenuine() accepts what issue() made, for the same stream and key only', () => {
  const key = randomBytes(32);
  const id = newIds(key).issue('stream-a');
  assert.equal(newIds(key).isGenuine('stream-a', id), true);
  assert.equal(newIds(key).isGenuine('stream-b', id), false);
  assert.equal(newIds().isGenuine('stream-a', id), false);
});

test('isGenuine() accepts no id with a flipped bit', () => {
  const ids = newIds();
  fc.assert(
    fc.property(fc.nat(43), fc.integer({ min: 0, max: 5 }), (at, bit) => {
      const id = ids.issue('stream');
      const flipped = ALPHABET.charAt(ALPHABET.indexOf(id.charAt(at)) ^ (1 << bit));
      return !ids.isGenuine('stream', id.slice(0, at) + flipped + id.slice(at + 1));
    }),
  );
});

test('isGenuine() knows one spelling of an id', () => {
  const ids = newIds();
  const id = ids.issue('stream');
  const base64 = Buffer.from(id, 'base64url').toString('base64');
  for (const other of [
    `${id}=`,
    `${id} `,
    ` ${id}`,
    `${id}\n`,
    `${id.slice(0, 20)}.${id.slice(20)}`,
  ]) {
    assert.equal(ids.isGenuine('stream', other), false, JSON.stringify(other));
  }
  assert.equal(ids.isGenuine('stream', base64), base64 === id);
});

test('isGenuine() refuses any other text without throwing', () => {
  const ids = newIds();
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !ids.isGenuine('stream', text)));
});

test('issue() never makes the same id twice', () => {
  const ids = newIds();
  assert.equal(new Set(Array.from({ length: 100 }, () => ids.issue('stream'))).size, 100);
});

test('publicSessionId() tells sessions apart and is not accepted for one', () => {
  const ids = newIds();
  const id = ids.issue('stream');
  assert.match(publicSessionId(id), /^[A-Za-z0-9_-]{16}$/);
  assert.notEqual(publicSessionId(id), publicSessionId(ids.issue('stream')));
  assert.equal(ids.isGenuine('stream', publicSessionId(id)), false);
});

test('SessionIds refuses a key that is too short to keep a secret', () => {
  assert.throws(() => newIds(randomBytes(31)), /31 bytes/);
});
