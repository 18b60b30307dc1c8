import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import type { RandomBytes } from '../domain/identifiers.ts';
import type { Clock } from '../lib/clock.ts';
import { OPEN_GRANT, type SessionGrant } from './session-grant.ts';

/** AES-256-GCM's nonce, which is the random part of an id, and its tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
/** Seconds since the epoch, big-endian. */
const ISSUE_TIME_BYTES = 5;
const MIN_KEY_BYTES = 32;

/** More than are on air at once; any is made again when it is needed. */
const MAX_STREAM_KEYS = 1000;

/** The longest grant there can be: two lists of origins, all countries, and a token's 2 KB. Checked before decoding. */
const SESSION_ID = /^[A-Za-z0-9_-]{44,6000}$/;

/** Keeps these ids apart from whatever else is made with the same key. */
const PURPOSE = 'ivory viewing session 2';

/**
 * Makes and opens the ids of viewing sessions. An id is its own proof, and nothing is kept: it is the second it was issued and
 * what the session was granted, sealed with a key of the stream's own. Sealed and not only signed, because a viewer need not
 * read which origins and countries a policy lists.
 */
export class SessionIds {
  readonly #key: KeyObject;
  /** By playback id, newest last: making a key ready takes longer than using it. */
  readonly #streamKeys = new Map<string, KeyObject>();
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
        `cannot seal sessions: the key has ${options.key.byteLength} bytes, at least ${MIN_KEY_BYTES} are needed`,
      );
    }
    this.#key = createSecretKey(options.key);
    this.#random = options.random;
    this.#clock = options.clock;
  }

  issue(playbackId: string, grant: SessionGrant = OPEN_GRANT): string {
    const nonce = this.#random(NONCE_BYTES);
    const issued = Buffer.allocUnsafe(ISSUE_TIME_BYTES);
    issued.writeUIntBE(Math.floor(this.#clock.nowMs() / 1000), 0, ISSUE_TIME_BYTES);
    const cipher = createCipheriv(CIPHER, this.#streamKey(playbackId), nonce);
    const sealed = [nonce, cipher.update(issued), cipher.update(grantText(grant)), cipher.final()];
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** What the session was granted; `undefined` where the id is not one of ours, or of another stream. */
  open(playbackId: string, sessionId: string): SessionGrant | undefined {
    if (!SESSION_ID.test(sessionId)) return undefined;
    const id = Buffer.from(sessionId, 'base64url');
    // The last character may have bits to spare: an id has one spelling.
    if (id.toString('base64url') !== sessionId) return undefined;
    const nonce = id.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#streamKey(playbackId), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(id.subarray(-TAG_BYTES));
    const opened = decipher.update(id.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    const text = opened.toString('utf8', ISSUE_TIME_BYTES);
    return text === '' ? OPEN_GRANT : JSON.parse(text);
  }

  /** Of the stream's own: an id of another stream does not open, and no key seals more than one stream's viewers. */
  #streamKey(playbackId: string): KeyObject {
    const known = this.#streamKeys.get(playbackId);
    if (known) return known;
    const key = createSecretKey(
      createHmac('sha256', this.#key).update(`${PURPOSE}\0${playbackId}`).digest(),
    );
    const [oldest] = this.#streamKeys.keys();
    if (this.#streamKeys.size >= MAX_STREAM_KEYS && oldest !== undefined) {
      this.#streamKeys.delete(oldest);
    }
    this.#streamKeys.set(playbackId, key);
    return key;
  }
}

const grantText = (grant: SessionGrant): string =>
  Object.keys(grant).length === 0 ? '' : JSON.stringify(grant);

/** The random part: names the session in logs and to the player without being good for a request. */
export function publicSessionId(sessionId: string): string {
  return sessionId.slice(0, (NONCE_BYTES / 3) * 4);
}
