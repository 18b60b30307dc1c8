/**
 * More networks than this within the timeout are more people than one. A viewer has one, two while a phone changes over
 * or a browser tries both of IPv4 and IPv6, and a few behind a privacy relay.
 */
const MAX_NETWORKS = 5;

/** Where the requests of one viewing session come from. */
export class SessionNetworks {
  readonly #timeoutMs: number;
  /** Of the last request. */
  #newest: string | undefined;
  /** When requests were last seen to come from each, once there was a second: most viewers have none. */
  #seenMs: Map<string, number> | undefined;

  /** `timeoutMs`: how long a network counts after the last request from it. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Notes where a request comes from. `false`: it comes from more networks at once than one viewer has. */
  isOneViewer(network: string, nowMs: number): boolean {
    const previous = this.#newest;
    if (network === previous) return true;
    this.#newest = network;
    if (previous === undefined) return true;
    this.#seenMs ??= new Map();
    // In use until now: a request from the same network as the last one is not noted.
    this.#seenMs.set(previous, nowMs);
    this.#seenMs.set(network, nowMs);
    if (this.#seenMs.size <= MAX_NETWORKS) return true;
    for (const [other, seenMs] of this.#seenMs) {
      if (nowMs - seenMs > this.#timeoutMs) this.#seenMs.delete(other);
    }
    return this.#seenMs.size <= MAX_NETWORKS;
  }
}
