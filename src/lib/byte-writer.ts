/** A growing big-endian output buffer; the only place, with `ByteReader`, that lays integers into bytes. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(initialCapacityBytes = 256) {
    this.#bytes = new Uint8Array(initialCapacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u24(value: number): this {
    const at = this.#reserve(3);
    this.#view.setUint16(at, Math.floor(value / 256));
    this.#view.setUint8(at + 2, value % 256);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u32LittleEndian(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  i32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setInt32(at, value);
    return this;
  }

  f64(value: number): this {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.byteLength);
    this.#bytes.set(value, at);
    return this;
  }

  utf8(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** Four ASCII characters, as in ISO 14496-12 box types and enhanced RTMP codec ids. */
  fourCc(value: string): this {
    for (let i = 0; i < 4; i++) this.u8(value.charCodeAt(i));
    return this;
  }

  zeros(count: number): this {
    this.#reserve(count);
    return this;
  }

  /** Overwrites four bytes written before, for sizes that are known only afterwards. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  /** What was written so far, as a view of the internal buffer: copy it, or stop writing. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Call it before touching `#view`: growing replaces the view. */
  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }
}
