import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutIpv4Mapping } from './ipv4-mapping.ts';

for (const [address, plain] of [
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:1', '::ffff:1'],
  ['', ''],
] as const) {
  test(`withoutIpv4Mapping() makes ${JSON.stringify(plain)} of ${JSON.stringify(address)}`, () => {
    assert.equal(withoutIpv4Mapping(address), plain);
  });
}
