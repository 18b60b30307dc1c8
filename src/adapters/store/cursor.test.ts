import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './cursor.ts';

test('decodeCursor() gives what encodeCursor() was given', () => {
  const atMs = fc.nat({ max: 99_999_999_999_999 });
  const key = fc.stringMatching(/^[A-Za-z0-9:/-]{1,128}$/);
  fc.assert(
    fc.property(atMs, key, (atMs, key) => {
      assert.deepEqual(decodeCursor(encodeCursor({ atMs, key })), { atMs, key });
    }),
  );
});

test('decodeCursor() decodes any text or refuses it by name', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        assert.equal(encodeCursor(decodeCursor(text)).length > 0, true);
      } catch (error) {
        assert.equal((error as Error).name, 'ValidationException');
      }
    }),
  );
});
