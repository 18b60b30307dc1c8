/** Counts what clients hold, in all and by the address of each: connections, and requests on shared ones. */
export class PeerCounter {
  readonly #maxInAll: number;
  readonly #maxPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #inAll = 0;
  #refused = 0;

  constructor(maxInAll: number, maxPerAddress: number) {
    this.#maxInAll = maxInAll;
    this.#maxPerAddress = maxPerAddress;
  }

  /** One more for the address, to be released; false, and nothing to release, where that is one too many. */
  take(addressKey: string): boolean {
    const ofAddress = this.#byAddress.get(addressKey) ?? 0;
    if (ofAddress >= this.#maxPerAddress || this.#inAll >= this.#maxInAll) {
      this.#refused++;
      return false;
    }
    this.#byAddress.set(addressKey, ofAddress + 1);
    this.#inAll++;
    return true;
  }

  release(addressKey: string): void {
    const left = (this.#byAddress.get(addressKey) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(addressKey, left);
    else this.#byAddress.delete(addressKey);
    this.#inAll--;
  }

  /** How many were refused since this was last asked. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
