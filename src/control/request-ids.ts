import type { RandomBytes } from '../domain/identifiers.ts';
import { formatRequestId } from '../protocols/aws/rest-json.ts';

const ID_BYTE_LENGTH = 16;
const IDS_A_DRAW = 256;

/** Request ids, drawn many at a time: asking the system for 16 random bytes costs more than verifying a signature's hash. */
export class RequestIds {
  readonly #random: RandomBytes;
  #drawn: Uint8Array = new Uint8Array();
  #used = 0;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  next(): string {
    if (this.#used === this.#drawn.byteLength) {
      this.#drawn = this.#random(ID_BYTE_LENGTH * IDS_A_DRAW);
      this.#used = 0;
    }
    this.#used += ID_BYTE_LENGTH;
    return formatRequestId(this.#drawn.subarray(this.#used - ID_BYTE_LENGTH, this.#used));
  }
}
