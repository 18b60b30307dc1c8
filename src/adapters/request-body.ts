import type { Readable } from 'node:stream';
import { addressKey } from '../lib/address-key.ts';
import { BodyTooLarge, TooManyBodies } from '../lib/http.ts';
import type { PeerCounter } from '../lib/peer-counter.ts';

/** A call of the API is a few hundred bytes; nearly all bodies come in one piece. */
const FIRST_BYTES = 1024;

/** Of one body. A segment of TCP is 1.4 kB; each piece costs a microsecond, however small it is. */
const MAX_PIECES = 4096;

export interface RequestBodyOptions {
  /** Beyond it the body is too large. */
  readonly limitBytes: number;
  /** Its Content-Length; NaN where there is none. */
  readonly announcedBytes: number;
  readonly remoteAddress: string;
  /** Of all bodies that are being read, in bytes. */
  readonly bodyBytes: PeerCounter;
}

/**
 * A request's body while it comes. It takes twice the memory of what has come at most, however small the pieces: a client may send
 * chunks of one byte, each of which Node.js hands over as an object of 200 bytes and a view of the 64 KiB that were read.
 */
export class RequestBody {
  readonly #options: RequestBodyOptions;
  readonly #addressKey: string;
  #bytes: Uint8Array = new Uint8Array();
  #byteLength = 0;
  #pieces = 0;
  /** Counted, and to be released. */
  #takenBytes = 0;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.#addressKey = addressKey(options.remoteAddress);
  }

  /**
   * Takes `piece`, which nobody writes into afterwards. Throws `BodyTooLarge`, `TooManyBodies`, or an error where the pieces are too
   * many, having let go of everything.
   */
  append(piece: Uint8Array): void {
    const { announcedBytes, limitBytes } = this.#options;
    if (++this.#pieces > MAX_PIECES) {
      const pieceLength = this.#byteLength / MAX_PIECES;
      this.release();
      throw new Error(
        `cannot take the body: it comes in pieces of ${Math.round(pieceLength)} bytes`,
      );
    }
    const byteLength = this.#byteLength + piece.byteLength;
    if (byteLength > limitBytes) {
      this.release();
      throw new BodyTooLarge(limitBytes, `${byteLength} so far`);
    }
    if (piece.byteLength === announcedBytes) this.#bytes = piece;
    else {
      if (byteLength > this.#bytes.byteLength) this.#grow(byteLength);
      this.#bytes.set(piece, this.#byteLength);
    }
    this.#byteLength = byteLength;
  }

  /** What has come. Nothing of it is counted any more. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#byteLength);
    this.release();
    return bytes;
  }

  /** Idempotent. */
  release(): void {
    this.#options.bodyBytes.release(this.#addressKey, this.#takenBytes);
    this.#takenBytes = 0;
    this.#bytes = new Uint8Array();
    this.#byteLength = 0;
  }

  #grow(byteLength: number): void {
    const { limitBytes, bodyBytes } = this.#options;
    const size = Math.min(
      Math.max(FIRST_BYTES, 2 * this.#bytes.byteLength, byteLength),
      limitBytes,
    );
    const before = this.#bytes;
    if (!bodyBytes.take(this.#addressKey, size - this.#takenBytes)) {
      this.release();
      throw new TooManyBodies();
    }
    this.#takenBytes = size;
    this.#bytes = new Uint8Array(size);
    this.#bytes.set(before.subarray(0, this.#byteLength));
  }
}

/** Reads all of `source`. Rejects with `BodyTooLarge`, or with `TooManyBodies`, having told `refuseRest`. */
export function readBody(
  source: Readable,
  options: RequestBodyOptions,
  { onGone, refuseRest }: { onGone(listener: () => void): void; refuseRest(): void },
): Promise<Uint8Array> {
  const body = new RequestBody(options);
  return new Promise((resolve, reject) => {
    const onData = (piece: Uint8Array) => {
      try {
        body.append(piece);
      } catch (error) {
        source.off('data', onData);
        refuseRest();
        reject(error);
      }
    };
    const fail = (error: Error) => {
      body.release();
      reject(error);
    };
    source.on('data', onData);
    source.once('end', () => resolve(body.take()));
    source.once('error', fail);
    onGone(() => fail(new Error('cannot read the body: the client went away')));
  });
}
