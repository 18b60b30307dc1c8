import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainAddress } from './client-address.ts';

test('plainAddress() takes the IPv6 clothes off an IPv4 client', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
  assert.equal(plainAddress(undefined), undefined);
});
