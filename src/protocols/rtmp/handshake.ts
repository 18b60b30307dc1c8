import { createHmac, timingSafeEqual } from 'node:crypto';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** C1, C2, S1 and S2 each (RTMP 1.0, 5.2.3 and 5.2.4). */
const BLOCK_BYTES = 1536;
/** C0 and C1 together: all that the server needs to answer. */
export const CLIENT_HELLO_BYTES = 1 + BLOCK_BYTES;
/** C2, which says nothing that a server needs: nobody checks it. */
export const CLIENT_ACKNOWLEDGEMENT_BYTES = BLOCK_BYTES;

const RTMP_VERSION = 3;
const DIGEST_BYTES = 32;
const VERSION_AT = 4;
/**
 * "Flash Media Server 3.5.1.1". From 3 on, ffmpeg checks the digests of S1 and S2.
 */
const SERVER_VERSION = Uint8Array.of(3, 5, 1, 1);

// The digest handshake is Adobe's, undocumented; librtmp (rtmp/handshake.h), ffmpeg (libavformat/rtmpcrypt.c)
// and nginx-rtmp (ngx_rtmp_handshake.c) agree on it. Both keys end in these 32 bytes.
const SHARED_KEY_TAIL = Buffer.from(
  'f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae',
  'hex',
);
const PLAYER_KEY = Buffer.from('Genuine Adobe Flash Player 001');
const SERVER_KEY = Buffer.from('Genuine Adobe Flash Media Server 001');
const SERVER_KEY_LONG = Buffer.concat([SERVER_KEY, SHARED_KEY_TAIL]);

/**
 * Where a block keeps the four bytes whose sum says where its digest is. The other 764 bytes of each scheme's
 * half hold a Diffie-Hellman key that only RTMPE reads.
 */
const DIGEST_SCHEMES = [8, 772] as const;
type DigestScheme = (typeof DIGEST_SCHEMES)[number];

export interface HandshakeSources {
  /** Cryptographically strong bytes. */
  readonly random: (count: number) => Uint8Array;
  /** Milliseconds since any epoch of the server's. */
  readonly timeMs: number;
}

/**
 * S0, S1 and S2 for C0 and C1 (RTMP 1.0, 5.2): with digests where the client's C1 has a valid one, else the
 * simple form of the specification. Throws `ProtocolViolation` when the version is not 3, as RTMPE's 6 and
 * HTTP's 'G' are not.
 */
export function answerClientHello(hello: Uint8Array, sources: HandshakeSources): Uint8Array {
  const version = hello[0];
  if (hello.byteLength !== CLIENT_HELLO_BYTES || version !== RTMP_VERSION) {
    throw new ProtocolViolation(`cannot speak RTMP version ${version}: only ${RTMP_VERSION}`);
  }
  const c1 = Buffer.from(hello.buffer, hello.byteOffset + 1, BLOCK_BYTES);
  const answer = Buffer.from(sources.random(1 + 2 * BLOCK_BYTES));
  const s1 = answer.subarray(1, 1 + BLOCK_BYTES);
  const s2 = answer.subarray(1 + BLOCK_BYTES);
  answer[0] = RTMP_VERSION;
  s1.writeUInt32BE(sources.timeMs % 2 ** 32);

  const scheme = findDigestScheme(c1);
  if (scheme === undefined) {
    s1.fill(0, VERSION_AT, VERSION_AT + 4);
    c1.copy(s2);
    s2.writeUInt32BE(sources.timeMs % 2 ** 32, 4);
  } else {
    s1.set(SERVER_VERSION, VERSION_AT);
    s1.set(blockDigest(s1, digestOffset(s1, scheme), SERVER_KEY), digestOffset(s1, scheme));
    const clientDigestAt = digestOffset(c1, scheme);
    const clientDigest = c1.subarray(clientDigestAt, clientDigestAt + DIGEST_BYTES);
    const signatureAt = BLOCK_BYTES - DIGEST_BYTES;
    const key = hmac(SERVER_KEY_LONG, clientDigest);
    s2.set(hmac(key, s2.subarray(0, signatureAt)), signatureAt);
  }
  return answer;
}

function findDigestScheme(c1: Buffer): DigestScheme | undefined {
  // A client version of zero says that there is no digest to look for.
  if (c1.readUInt32BE(VERSION_AT) === 0) return undefined;
  return DIGEST_SCHEMES.find((scheme) => {
    const at = digestOffset(c1, scheme);
    return timingSafeEqual(c1.subarray(at, at + DIGEST_BYTES), blockDigest(c1, at, PLAYER_KEY));
  });
}

/** At most scheme + 4 + 727 + 32 = 1535: always inside the block. */
function digestOffset(block: Buffer, scheme: DigestScheme): number {
  const sum =
    block.readUInt8(scheme) +
    block.readUInt8(scheme + 1) +
    block.readUInt8(scheme + 2) +
    block.readUInt8(scheme + 3);
  return scheme + 4 + (sum % 728);
}

/** Over the block without the digest itself. */
function blockDigest(block: Buffer, digestAt: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(block.subarray(0, digestAt))
    .update(block.subarray(digestAt + DIGEST_BYTES))
    .digest();
}

const hmac = (key: Buffer, bytes: Buffer) => createHmac('sha256', key).update(bytes).digest();
