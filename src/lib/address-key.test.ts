import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey } from './address-key.ts';

for (const [address, key] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001::1:2:3:4:5', '2001:0:0:1::/64'],
] as const) {
  test(`addressKey() counts ${address} as ${key}`, () => {
    assert.equal(addressKey(address), key);
  });
}
