import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpRange } from '../domain/iam/ip-range.ts';
import { parseIpRange } from '../domain/iam/ip-range.ts';
import { ClientAddresses } from './client-addresses.ts';

const proxies = (...ranges: string[]) =>
  new ClientAddresses(ranges.map((range) => parseIpRange(range) as IpRange));

function clientOf(addresses: ClientAddresses, remoteAddress: string, forwardedFor?: string) {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return addresses.of({ remoteAddress, headers });
}

test('of() is the connection’s own address, whatever the header says, where no proxy is trusted', () => {
  assert.equal(clientOf(proxies(), '192.0.2.1', '198.51.100.7'), '192.0.2.1');
  assert.equal(clientOf(proxies('10.0.0.0/8'), '192.0.2.1', '198.51.100.7'), '192.0.2.1');
});

const CASES: readonly (readonly [forwardedFor: string | undefined, client: string])[] = [
  [undefined, '10.0.0.1'],
  ['198.51.100.7', '198.51.100.7'],
  // The client made up the first one; the proxy appended the second.
  ['203.0.113.9, 198.51.100.7', '198.51.100.7'],
  ['198.51.100.7, 10.9.9.9', '198.51.100.7'],
  ['203.0.113.9,198.51.100.7 ,10.9.9.9', '198.51.100.7'],
  ['10.1.1.1, 10.9.9.9', '10.1.1.1'],
  ['198.51.100.7:51234', '198.51.100.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['[2001:db8::7]:443', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['unknown', '10.0.0.1'],
  ['198.51.100.7, unknown', '10.0.0.1'],
  ['198.51.100.0/24', '10.0.0.1'],
  ['999.1.1.1', '10.0.0.1'],
  ['', '10.0.0.1'],
];

for (const [forwardedFor, client] of CASES) {
  test(`of() is ${client} behind a trusted proxy that says '${forwardedFor}'`, () => {
    assert.equal(clientOf(proxies('10.0.0.0/8', 'fd00::/8'), '10.0.0.1', forwardedFor), client);
  });
}
