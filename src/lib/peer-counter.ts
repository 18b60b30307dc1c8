/** Counts what clients hold, in all and by the address of each: connections, requests on shared ones, bytes. */
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

  /** So many more for the address, to be released; false, and nothing to release, where that is too many. */
  take(addressKey: string, count = 1): boolean {
    const ofAddress = (this.#byAddress.get(addressKey) ?? 0) + count;
    if (ofAddress > this.#maxPerAddress || this.#inAll + count > this.#maxInAll) {
      this.#refused++;
      return false;
    }
    this.#byAddress.set(addressKey, ofAddress);
    this.#inAll += count;
    return true;
  }

  release(addressKey: string, count = 1): void {
    const left = (this.#byAddress.get(addressKey) ?? count) - count;
    if (left > 0) this.#byAddress.set(addressKey, left);
    else this.#byAddress.delete(addressKey);
    this.#inAll -= count;
  }

  /** How many were refused since this was last asked. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
