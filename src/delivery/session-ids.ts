import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/identifiers.ts';
import type { Clock } from '../lib/clock.ts';

const RANDOM_BYTES = 12;
/** Seconds since the epoch, big-endian. */
const ISSUE_TIME_BYTES = 5;
/** HMAC-SHA256 cut to 128 bits (RFC 2104 section 5: at least half of the hash and at least 80 bits). */
const MAC_BYTES = 16;
const CLAIM_BYTES = RANDOM_BYTES + ISSUE_TIME_BYTES;
const MIN_KEY_BYTES = 32;

/**
 * 33 bytes are 44 characters of base64url without a spare bit, so that each id has exactly one spelling. Checked before
 * decoding: Node's decoder skips what is not in the alphabet.
 */
const SESSION_ID = /^[A-Za-z0-9_-]{44}$/;

/** Keeps these codes apart from whatever else is signed with the same key. */
const PURPOSE = 'ivory viewing session 1';

/**
 * Makes and checks the ids of viewing sessions. An id is its own proof: 12 random bytes, the second it was issued, and a
 * MAC over both and the stream's playback id. Nothing is kept.
 */
export class SessionIds {
  readonly #key: Uint8Array;
  readonly #random: RandomBytes;
  readonly #clock: Clock;

  /** `key`: at least 32 secret bytes, the same on every node and over restarts. */
  constructor(options: {
    readonly key: Uint8Array;
    readonly random: RandomBytes;
    readonly clock: Clock;
  }) {
    if (options.key.byteLength < MIN_KEY_BYTES) {
      throw new RangeError(
        `cannot sign sessions: the key has ${options.key.byteLength} bytes, at least ${MIN_KEY_BYTES} are needed`,
      );
    }
    this.#key = options.key;
    this.#random = options.random;
    this.#clock = options.clock;
  }

  issue(playbackId: string): string {
    const id = Buffer.allocUnsafe(CLAIM_BYTES + MAC_BYTES);
    id.set(this.#random(RANDOM_BYTES));
    id.writeUIntBE(Math.floor(this.#clock.nowMs() / 1000), RANDOM_BYTES, ISSUE_TIME_BYTES);
    id.set(this.#mac(playbackId, id), CLAIM_BYTES);
    return id.toString('base64url');
  }

  /** Whether the id is one of ours and was issued for this stream. */
  isGenuine(playbackId: string, sessionId: string): boolean {
    if (!SESSION_ID.test(sessionId)) return false;
    const id = Buffer.from(sessionId, 'base64url');
    return timingSafeEqual(id.subarray(CLAIM_BYTES), this.#mac(playbackId, id));
  }

  #mac(playbackId: string, id: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#key)
      .update(`${PURPOSE}\0${playbackId}\0`)
      .update(id.subarray(0, CLAIM_BYTES))
      .digest()
      .subarray(0, MAC_BYTES);
  }
}

/** The random part: names the session in logs and to the player without being good for a request. */
export function publicSessionId(sessionId: string): string {
  return sessionId.slice(0, (RANDOM_BYTES / 3) * 4);
}
