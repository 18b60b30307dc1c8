/**
 * Socket chunks in, exactly-n-bytes out. `take` returns a view where one chunk holds the answer and copies only
 * across a boundary. The owner bounds it, by not pushing more than it is about to take.
 */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /** The next `byteLength` bytes, or nothing where there are not that many yet. */
  take(byteLength: number): Uint8Array | undefined {
    if (byteLength > this.#byteLength) return undefined;
    this.#byteLength -= byteLength;
    const head = this.#chunks[0];
    if (head === undefined) return new Uint8Array(0);
    if (head.byteLength > byteLength) {
      this.#chunks[0] = head.subarray(byteLength);
      return head.subarray(0, byteLength);
    }
    if (head.byteLength === byteLength) {
      this.#chunks.shift();
      return head;
    }
    return this.#gather(byteLength);
  }

  /** Everything there is. */
  takeAll(): Uint8Array {
    return this.take(this.#byteLength) ?? new Uint8Array(0);
  }

  #gather(byteLength: number): Uint8Array {
    const gathered = new Uint8Array(byteLength);
    let filled = 0;
    while (filled < byteLength) {
      const head = this.#chunks[0];
      if (head === undefined) break;
      const count = Math.min(head.byteLength, byteLength - filled);
      gathered.set(count === head.byteLength ? head : head.subarray(0, count), filled);
      filled += count;
      if (count === head.byteLength) this.#chunks.shift();
      else this.#chunks[0] = head.subarray(count);
    }
    return gathered;
  }
}
