import type { HttpRequest } from './http.ts';

const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
const LOCAL_ADDRESS = /^(127(\.\d{1,3}){3}|::1)$/;

/**
 * Whether a program on this machine asks. A proxy on this machine speaks for others, and says so by one of these headers; a
 * page in a browser here has another Host.
 */
export function isLocalRequest({
  remoteAddress,
  headers,
}: Pick<HttpRequest, 'remoteAddress' | 'headers'>): boolean {
  if (!LOCAL_ADDRESS.test(remoteAddress) || !LOCAL_HOST.test(headers['host'] ?? '')) return false;
  return ['forwarded', 'x-forwarded-for', 'via'].every((name) => headers[name] === undefined);
}
