import { ProtocolViolation } from './protocol-violation.ts';

/** ISO 14496-10 9.1: codeNum of ue(v) is at most 2^32 - 2, which has 31 leading zero bits. */
const MAX_LEADING_ZERO_BITS = 31;

/**
 * A bounds-checked cursor over bits, most significant first, with the Exp-Golomb codes of H.264 and H.265.
 * Reading past the end throws `ProtocolViolation`.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  #bitOffset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remainingBits(): number {
    return this.#bytes.byteLength * 8 - this.#bitOffset;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** Up to 32 bits as an unsigned integer. */
  bits(count: number): number {
    let at = this.#advance(count);
    const end = at + count;
    let value = 0;
    while (at < end) {
      const bitInByte = at & 7;
      const take = Math.min(8 - bitInByte, end - at);
      const byte = this.#bytes[at >> 3] as number;
      const chunk = (byte >> (8 - bitInByte - take)) & ((1 << take) - 1);
      // A product, because `<<` is signed at 32 bits.
      value = value * (1 << take) + chunk;
      at += take;
    }
    return value;
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** Moves to the next byte boundary, if not on one. */
  alignToByte(): void {
    this.#advance((8 - (this.#bitOffset & 7)) & 7);
  }

  /** ue(v), ISO 14496-10 9.1: 0 to 2^32 - 2. */
  unsignedExpGolomb(): number {
    let leadingZeroBits = 0;
    while (!this.flag()) {
      leadingZeroBits += 1;
      if (leadingZeroBits > MAX_LEADING_ZERO_BITS) {
        throw new ProtocolViolation(
          `cannot read an Exp-Golomb code: more than ${MAX_LEADING_ZERO_BITS} leading zero bits`,
        );
      }
    }
    return 2 ** leadingZeroBits - 1 + this.bits(leadingZeroBits);
  }

  /** se(v), ISO 14496-10 9.1.1: the unsigned code 0, 1, 2, 3, 4 is 0, 1, -1, 2, -2. */
  signedExpGolomb(): number {
    const code = this.unsignedExpGolomb();
    const magnitude = Math.ceil(code / 2);
    return code % 2 === 1 || magnitude === 0 ? magnitude : -magnitude;
  }

  #advance(count: number): number {
    const at = this.#bitOffset;
    if (count < 0 || count > this.remainingBits) {
      throw new ProtocolViolation(
        `cannot read bits [${at}, ${at + count}): there are ${this.#bytes.byteLength * 8}`,
      );
    }
    this.#bitOffset = at + count;
    return at;
  }
}
