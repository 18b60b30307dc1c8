import type { Part } from '../packaging/segment.ts';

/**
 * The bytes of parts for other threads, each of which gets memory of its own to keep. Encoded for the first thread and copied for the
 * others until the first copy has been posted, so nothing stays in this thread, where V8 would collect the whole heap for each 64 MB.
 */
export class PartCopies {
  #newest: { readonly part: Part; readonly bytes: Uint8Array } | undefined;

  /** In memory of its own, which is the caller's to give away. */
  of(part: Part): Uint8Array {
    // What was given away is empty.
    if (this.#newest?.part === part && this.#newest.bytes.byteLength === part.byteLength) {
      return new Uint8Array(this.#newest.bytes);
    }
    const bytes = part.copy();
    this.#newest = { part, bytes };
    return bytes;
  }
}
