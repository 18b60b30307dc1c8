import { ProtocolViolation } from '../lib/protocol-violation.ts';

/** Of 1080p with nothing but noise in it: a fourth. */
export const MAX_THUMBNAIL_BYTES = 4 * 1024 * 1024;

/** ITU-T T.81 table B.1: start and end of image. In between 0xff d9 does not occur: coded data has its 0xff stuffed. */
const MARKER = 0xff;
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;

/**
 * JPEG files one behind the other in, one picture a time out, as copies. Not for pictures with a preview in them, which has
 * markers of its own; ffmpeg makes none.
 */
export class JpegSplitter {
  readonly #limitBytes: number;
  #chunks: Uint8Array[] = [];
  #byteLength = 0;
  #lastByte = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The pictures that these bytes complete. Throws `ProtocolViolation` for a picture above the limit, or what is none. */
  push(bytes: Uint8Array): Uint8Array[] {
    const pictures: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at < bytes.byteLength; at++) {
      const byte = bytes[at] as number;
      if (byte === END_OF_IMAGE && this.#lastByte === MARKER) {
        this.#add(bytes.subarray(start, at + 1));
        pictures.push(this.#takePicture());
        start = at + 1;
      }
      this.#lastByte = byte;
    }
    // A copy, which `slice` of a Buffer would not be.
    this.#add(Uint8Array.from(bytes.subarray(start)));
    return pictures;
  }

  #add(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#byteLength += bytes.byteLength;
    if (this.#byteLength > this.#limitBytes) {
      throw new ProtocolViolation(
        `cannot take a picture of ${this.#byteLength} bytes and more: at most ${this.#limitBytes}`,
      );
    }
    this.#chunks.push(bytes);
  }

  #takePicture(): Uint8Array {
    const picture = Buffer.concat(this.#chunks, this.#byteLength);
    this.#chunks = [];
    this.#byteLength = 0;
    if (picture[0] !== MARKER || picture[1] !== START_OF_IMAGE) {
      throw new ProtocolViolation('cannot read a picture: it does not begin as a JPEG does');
    }
    return picture;
  }
}
