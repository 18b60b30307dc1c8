import type { HttpRequest } from '../lib/http.ts';

/** RFC 9110 section 7.2, without what no host of ours has: user info, percent-encoding, anything that could leave the authority. */
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/**
 * The address by which this client reached us, for absolute URLs in what it gets: `http://host:port`. `undefined` without a
 * valid Host header. `X-Forwarded-*` is not looked at: anyone can send it. Behind a proxy the operator configures the
 * public URL instead.
 */
export function baseUrlOf(request: HttpRequest): string | undefined {
  const { host } = request.headers;
  if (host === undefined || !HOST.test(host)) return undefined;
  return `${request.isEncrypted ? 'https' : 'http'}://${host}`;
}
