import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isInIpRange, parseIpRange } from './ip-range.ts';

test('isInIpRange() decides as the block list of Node does', () => {
  const ipv4 = fc.ipV4();
  const ipv6 = fc.ipV6();
  const ranges = fc.oneof(
    fc.tuple(fc.constant('ipv4' as const), ipv4, fc.integer({ min: 0, max: 32 }), ipv4),
    fc.tuple(fc.constant('ipv6' as const), ipv6, fc.integer({ min: 0, max: 128 }), ipv6),
  );
  fc.assert(
    fc.property(ranges, fc.boolean(), ([family, network, prefix, other], isSame) => {
      const asked = isSame ? network : other;
      const judge = new BlockList();
      judge.addSubnet(network, prefix, family);
      const range = parseIpRange(`${network}/${prefix}`);
      assert.ok(range);
      assert.equal(isInIpRange(range, asked), judge.check(asked, family));
    }),
  );
});

test('isInIpRange() takes an IPv4-mapped address for what it is', () => {
  const range = parseIpRange('203.0.113.0/24');
  assert.ok(range && isInIpRange(range, '::ffff:203.0.113.9'));
  assert.ok(!isInIpRange(range, 'nonsense'));
});

test('parseIpRange() reads an address alone as itself', () => {
  const range = parseIpRange('2001:db8::1');
  assert.ok(range && isInIpRange(range, '2001:0db8:0:0::1') && !isInIpRange(range, '2001:db8::2'));
});

test('parseIpRange() refuses what is no range', () => {
  const texts = ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/8/8'];
  const more = ['::1::', ':::', '1:2:3:4:5:6:7:8:9', '12345::', '::1/129', 'a.b.c.d', '1:2', '::g'];
  assert.deepEqual(
    [...texts, ...more].filter((text) => parseIpRange(text) !== undefined),
    [],
  );
});
