import assert from 'node:assert/strict';
import test from 'node:test';
import { assertField } from './http-fields.ts';

test('assertField() takes what RFC 9110 section 5 calls a field, in Latin-1', () => {
  assertField(200, 'content-type', 'video/mp4');
  assertField(200, 'X_y.1', '');
  assertField(200, 'etag', 'a\tb \xe9');
});

test('assertField() refuses what would end a header, and names it', () => {
  const refusal = { name: 'TypeError', message: 'cannot send a 302 with the header "location"' };
  for (const value of ['/\r\nset-cookie: a=b', '/\n', '/\0', '/\u0100']) {
    assert.throws(() => assertField(302, 'location', value), refusal);
  }
  for (const name of ['', 'a b', 'a:', 'a\r\n']) {
    assert.throws(() => assertField(302, name, 'b'), TypeError);
  }
});
