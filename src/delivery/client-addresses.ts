import { type IpRange, isInIpRange, parseIpRange } from '../domain/iam/ip-range.ts';
import type { HttpRequest } from '../lib/http.ts';
import { withoutIpv4Mapping } from '../lib/ipv4-mapping.ts';

const ADDRESS_WITH_PORT = /^(\d+\.\d+\.\d+\.\d+)(?::\d{1,5})?$|^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i;

/**
 * Whose request it is. `X-Forwarded-For` is believed as far as trusted proxies wrote it: each appends the address that it
 * was asked from, so the list is read from its end, up to the first address that is not a trusted proxy's. Whatever a client put
 * in front of that is not looked at.
 */
export class ClientAddresses {
  readonly #trustedProxies: readonly IpRange[];

  constructor(trustedProxies: readonly IpRange[]) {
    this.#trustedProxies = trustedProxies;
  }

  of(request: Pick<HttpRequest, 'remoteAddress' | 'headers'>): string {
    const { remoteAddress } = request;
    if (this.#trustedProxies.length === 0) return remoteAddress;
    const forwardedFor = request.headers['x-forwarded-for'];
    if (forwardedFor === undefined || !this.#isTrusted(remoteAddress)) return remoteAddress;
    let client = remoteAddress;
    for (const item of forwardedFor.split(',').reverse()) {
      const address = plainAddress(item.trim());
      if (address === undefined) return client;
      client = address;
      if (!this.#isTrusted(client)) return client;
    }
    return client;
  }

  #isTrusted(address: string): boolean {
    return this.#trustedProxies.some((range) => isInIpRange(range, address));
  }
}

/** Some proxies add the port, some bracket IPv6. `undefined` for what is no address: `unknown`, `_hidden`. */
function plainAddress(text: string): string | undefined {
  const [, ipv4, bracketed] = ADDRESS_WITH_PORT.exec(text) ?? [];
  const address = withoutIpv4Mapping(ipv4 ?? bracketed ?? text);
  return parseIpRange(address) && !address.includes('/') ? address : undefined;
}
