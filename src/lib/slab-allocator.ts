/** Two thirds of a second of a 3 Mbit/s stream: one ArrayBuffer for dozens of messages. */
const SLAB_BYTES = 256 * 1024;

/**
 * Cuts buffers from slabs, so that a message does not cost an ArrayBuffer of its own. A slab lives as long as
 * anything cut from it: use one allocator for things that die together, as the frames of one stream do. What is
 * larger than half a slab gets its own memory, or it would pin the neighbours it left no room for.
 */
export class SlabAllocator {
  readonly #slabBytes: number;
  #slab: Buffer | undefined;
  #used = 0;

  constructor(slabBytes = SLAB_BYTES) {
    this.#slabBytes = slabBytes;
  }

  /** Memory with arbitrary content: the caller writes all of it before anyone reads it. */
  allocate(byteLength: number): Buffer {
    if (byteLength > this.#slabBytes / 2) return Buffer.allocUnsafeSlow(byteLength);
    if (this.#slab === undefined || this.#used + byteLength > this.#slabBytes) {
      this.#slab = Buffer.allocUnsafeSlow(this.#slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += byteLength;
    return this.#slab.subarray(start, this.#used);
  }
}
