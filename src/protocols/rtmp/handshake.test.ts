import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { answerClientHello, CLIENT_HELLO_BYTES } from './handshake.ts';

const sources = { random: (count: number) => new Uint8Array(randomBytes(count)), timeMs: 1234 };

// A second implementation of the digest client, after librtmp's, so that the server's arithmetic is not its own
// judge.
const KEY_TAIL = 'f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae';
const FP_KEY = Buffer.from('Genuine Adobe Flash Player 001');
const FMS_KEY = Buffer.from('Genuine Adobe Flash Media Server 001');
const hmac = (key: Buffer, ...parts: Buffer[]) =>
  parts.reduce((hash, part) => hash.update(part), createHmac('sha256', key)).digest();

function digestAt(block: Buffer, base: number): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += block[base + i]!;
  return (sum % 728) + base + 4;
}

function digestOf(block: Buffer, at: number, key: Buffer): Buffer {
  return hmac(key, block.subarray(0, at), block.subarray(at + 32));
}

function digestHello(base: number): Buffer {
  const hello = randomBytes(CLIENT_HELLO_BYTES);
  hello[0] = 3;
  const c1 = hello.subarray(1);
  c1.set([9, 0, 124, 2], 4);
  const at = digestAt(c1, base);
  digestOf(c1, at, FP_KEY).copy(c1, at);
  return hello;
}

for (const [scheme, base] of [
  [0, 8],
  [1, 772],
] as const) {
  test(`answerClientHello() signs S1 and S2 when C1 has a digest of scheme ${scheme}`, () => {
    const hello = digestHello(base);
    const answer = Buffer.from(answerClientHello(hello, sources));
    assert.equal(answer.byteLength, 1 + 2 * 1536);
    assert.equal(answer[0], 3);
    const s1 = answer.subarray(1, 1537);
    const s2 = answer.subarray(1537);
    assert.equal(s1.readUInt32BE(0), 1234);
    const at = digestAt(s1, base);
    assert.deepEqual(s1.subarray(at, at + 32), digestOf(s1, at, FMS_KEY));
    const c1 = hello.subarray(1);
    const clientDigest = c1.subarray(digestAt(c1, base), digestAt(c1, base) + 32);
    const key = hmac(Buffer.concat([FMS_KEY, Buffer.from(KEY_TAIL, 'hex')]), clientDigest);
    assert.deepEqual(s2.subarray(1504), hmac(key, s2.subarray(0, 1504)));
  });
}

test('answerClientHello() echoes C1 when it has no digest', () => {
  for (const version of [0, 0x09007c02]) {
    const hello = randomBytes(CLIENT_HELLO_BYTES);
    hello[0] = 3;
    hello.writeUInt32BE(version, 5);
    const answer = Buffer.from(answerClientHello(hello, sources));
    assert.equal(answer.readUInt32BE(5), 0);
    // 5.2.4: S2 is C1's time, then the time it was read, then C1's random bytes.
    assert.deepEqual(answer.subarray(1537, 1541), hello.subarray(1, 5));
    assert.equal(answer.readUInt32BE(1541), 1234);
    assert.deepEqual(answer.subarray(1545), hello.subarray(9));
  }
});

test('answerClientHello() throws ProtocolViolation when the version is not 3', () => {
  for (const version of [0, 6, 8, 0x47]) {
    const hello = new Uint8Array(CLIENT_HELLO_BYTES);
    hello[0] = version;
    assert.throws(() => answerClientHello(hello, sources), ProtocolViolation);
  }
});

test('answerClientHello() answers any C1', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: CLIENT_HELLO_BYTES, maxLength: CLIENT_HELLO_BYTES }),
      (hello) => {
        hello[0] = 3;
        assert.equal(answerClientHello(hello, sources).byteLength, 3073);
      },
    ),
    { numRuns: 50 },
  );
});
