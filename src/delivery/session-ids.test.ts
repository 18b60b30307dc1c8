import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { SessionGrant } from './session-grant.ts';
import { publicSessionId, SessionIds } from './session-ids.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const GRANT: SessionGrant = {
  viewer: { id: 'vïewer 1', version: 7 },
  maximumResolution: 'HD',
  enforced: [{ countries: ['CH', 'AT'], origins: ['https://*.example.com'] }],
  ads: { optOut: true },
};

const newIds = (key: Uint8Array = randomBytes(32)) =>
  new SessionIds({ key, random: randomBytes, clock: new FakeClock() });

test('open() has what issue() granted, for the same stream and key only', () => {
  const key = randomBytes(32);
  for (const grant of [{}, GRANT]) {
    const id = newIds(key).issue('stream-a', grant);
    assert.deepEqual(newIds(key).open('stream-a', id), grant);
    assert.equal(newIds(key).open('stream-b', id), undefined);
    assert.equal(newIds().open('stream-a', id), undefined);
  }
});

test('open() accepts no id with a flipped bit', () => {
  const ids = newIds();
  const grants = fc.record(
    { viewer: fc.record({ id: fc.string({ maxLength: 40 }), version: fc.nat() }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(grants, fc.nat(), fc.integer({ min: 0, max: 5 }), (grant, anywhere, bit) => {
      const id = ids.issue('stream', grant);
      const at = anywhere % id.length;
      const flipped = ALPHABET.charAt(ALPHABET.indexOf(id.charAt(at)) ^ (1 << bit));
      return ids.open('stream', id.slice(0, at) + flipped + id.slice(at + 1)) === undefined;
    }),
    { numRuns: 1000 },
  );
});

test('open() accepts no id that is cut short, made longer, or put together of two', () => {
  const ids = newIds();
  const [id, other] = [ids.issue('stream', GRANT), ids.issue('stream', GRANT)];
  for (let length = 0; length < id.length; length++) {
    assert.equal(ids.open('stream', id.slice(0, length)), undefined, `${length}`);
    const joined = id.slice(0, length) + other.slice(length);
    if (joined !== id && joined !== other)
      assert.equal(ids.open('stream', joined), undefined, `${length}`);
  }
  assert.equal(ids.open('stream', `${id}A`), undefined);
  assert.equal(ids.open('stream', `${id}AAAA`), undefined);
});

test('open() knows one spelling of an id', () => {
  const ids = newIds();
  for (const grant of [
    {},
    { viewer: { id: 'a', version: 0 } },
    { viewer: { id: 'ab', version: 0 } },
  ]) {
    const id = ids.issue('stream', grant);
    const base64 = Buffer.from(id, 'base64url').toString('base64');
    const others = [`${id}=`, `${id} `, ` ${id}`, `${id}\n`, `${id.slice(0, 20)}.${id.slice(20)}`];
    for (const other of others) {
      assert.equal(ids.open('stream', other), undefined, JSON.stringify(other));
    }
    assert.equal(ids.open('stream', base64) !== undefined, base64 === id);
  }
});

test('open() refuses any other text without throwing', () => {
  const ids = newIds();
  const isRefused = (text: string) => ids.open('stream', text) === undefined;
  fc.assert(fc.property(fc.string({ unit: 'binary' }), isRefused));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 33 }), (bytes) =>
      isRefused(Buffer.from(bytes).toString('base64url')),
    ),
  );
});

test('an id says nothing of what was granted', () => {
  const opened = Buffer.from(newIds().issue('stream', GRANT), 'base64url').toString('latin1');
  assert.doesNotMatch(opened, /example|viewer|CH/);
});

test('issue() never makes the same id twice', () => {
  const ids = newIds();
  assert.equal(new Set(Array.from({ length: 100 }, () => ids.issue('stream'))).size, 100);
});

test('open() works for more streams than keys are kept ready for', () => {
  const ids = newIds();
  const first = ids.issue('stream 0');
  for (let i = 1; i < 1100; i++) ids.issue(`stream ${i}`);
  assert.deepEqual(ids.open('stream 0', first), {});
});

test('publicSessionId() tells sessions apart and is not accepted for one', () => {
  const ids = newIds();
  const id = ids.issue('stream');
  assert.match(publicSessionId(id), /^[A-Za-z0-9_-]{16}$/);
  assert.notEqual(publicSessionId(id), publicSessionId(ids.issue('stream')));
  assert.equal(ids.open('stream', publicSessionId(id)), undefined);
});

test('SessionIds refuses a key that is too short to keep a secret', () => {
  assert.throws(() => newIds(randomBytes(31)), /31 bytes/);
});
