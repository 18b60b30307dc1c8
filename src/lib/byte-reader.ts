import { ProtocolViolation } from './protocol-violation.ts';

/**
 * A bounds-checked big-endian cursor. Reading past the end throws `ProtocolViolation` with the wanted and
 * the available interval: every length it is asked for comes from a peer.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  /** Not from the start: most readers are of a few bytes, and it costs more than to read them. */
  #madeView: DataView | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#offset;
  }

  u8(): number {
    return this.#at(this.#advance(1));
  }

  u16(): number {
    const at = this.#advance(2);
    return this.#at(at) * 2 ** 8 + this.#at(at + 1);
  }

  u24(): number {
    const at = this.#advance(3);
    return this.#at(at) * 2 ** 16 + this.#at(at + 1) * 2 ** 8 + this.#at(at + 2);
  }

  u32(): number {
    const at = this.#advance(4);
    const high = this.#at(at) * 2 ** 8 + this.#at(at + 1);
    return high * 2 ** 16 + this.#at(at + 2) * 2 ** 8 + this.#at(at + 3);
  }

  u32LittleEndian(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** Signed 24 bits, two's complement. */
  i24(): number {
    const value = this.u24();
    return value >= 0x800000 ? value - 0x1000000 : value;
  }

  i16(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  /** 64 bits that must fit a double exactly (below 2^53), which every size and time of a sane peer does. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ProtocolViolation(`cannot read a 64-bit integer above 2^53: ${value}`);
    }
    return Number(value);
  }

  f32(): number {
    return this.#view.getFloat32(this.#advance(4));
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** A view of the next `length` bytes, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  utf8(length: number): string {
    return new TextDecoder().decode(this.bytes(length));
  }

  get #view(): DataView {
    // byteOffset and byteLength matter: a Buffer is usually a window into a pool shared with others.
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#madeView ??= new DataView(buffer, byteOffset, byteLength);
    return this.#madeView;
  }

  /** `at`: of `#advance`. */
  #at(at: number): number {
    return this.#bytes[at] as number;
  }

  #advance(length: number): number {
    const at = this.#offset;
    if (length < 0 || at + length > this.#bytes.byteLength) {
      throw new ProtocolViolation(
        `cannot read bytes [${at}, ${at + length}): there are ${this.#bytes.byteLength}`,
      );
    }
    this.#offset = at + length;
    return at;
  }
}
