import type { HttpReply } from '../lib/http.ts';
import { buffersOf, isAsyncIterable } from '../lib/http-body.ts';

/** What is sent of a reply's body at once: what each of many slow clients holds of it in their worker, and no more. */
export const PIECE_BYTES = 64 * 1024;

/** A body, cut into pieces of at most `PIECE_BYTES` that are made as they are asked for. No piece is empty. */
export class ReplyPieces {
  readonly #growing: AsyncIterator<Uint8Array> | undefined;
  #atHand: Iterator<readonly Uint8Array[], undefined>;

  constructor(body: HttpReply['body']) {
    const isGrowing = isAsyncIterable(body);
    this.#growing = isGrowing ? body[Symbol.asyncIterator]() : undefined;
    this.#atHand = cut(isGrowing ? [] : buffersOf(body));
  }

  /** The next piece, where it need not be waited for. */
  takeAtHand(): readonly Uint8Array[] | undefined {
    return this.#atHand.next().value;
  }

  /** The next piece; `undefined` behind the last one. Rejects with what the body threw. */
  async take(): Promise<readonly Uint8Array[] | undefined> {
    for (;;) {
      const piece = this.takeAtHand();
      if (piece !== undefined) return piece;
      const next = await this.#growing?.next();
      if (next === undefined || next.done) return undefined;
      this.#atHand = cut([next.value]);
    }
  }

  /** Nobody wants the rest. */
  end(): void {
    void this.#growing?.return?.().catch(() => {});
  }
}

function* cut(buffers: readonly Uint8Array[]): Generator<readonly Uint8Array[], undefined> {
  let piece: Uint8Array[] = [];
  let room = PIECE_BYTES;
  for (const buffer of buffers) {
    for (let offset = 0; offset < buffer.byteLength; ) {
      const part = buffer.subarray(offset, offset + room);
      piece.push(part);
      offset += part.byteLength;
      room -= part.byteLength;
      if (room > 0) continue;
      yield piece;
      piece = [];
      room = PIECE_BYTES;
    }
  }
  if (piece.length > 0) yield piece;
  return undefined;
}
