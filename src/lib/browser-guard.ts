import type { HttpRequest } from './http.ts';

/** `localhost`, `name.localhost`, `127.0.0.1`, `[::1]`; what is after it is the port. */
const LOOPBACK = /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Why a request that needs no secret may be a web page's doing, on the machine of whoever has it open; `undefined` where it is
 * not. A page of another site is known by its Origin, which browsers send with everything that can change something, and
 * by Sec-Fetch-Site; one whose own name was made to lead here (DNS rebinding) by the Host that it thinks it talks to.
 *
 * @param publicHost `host:port` of the address that the operator gave this server, where there is one.
 */
export function foreignPage(
  { headers }: Pick<HttpRequest, 'headers'>,
  publicHost: string | undefined,
): string | undefined {
  const isLocal = (host: string) => LOOPBACK.test(host) || host === publicHost;
  const { host = '', origin } = headers;
  if (!isLocal(host)) return `Host is ${shown(host)}`;
  if (origin !== undefined) {
    return isLocal(origin.replace(/^https?:\/\//, '')) ? undefined : `Origin is ${shown(origin)}`;
  }
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' ? `Sec-Fetch-Site is ${site}` : undefined;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));
