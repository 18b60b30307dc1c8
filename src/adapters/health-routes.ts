import type { HttpHandler, HttpReply } from '../lib/http.ts';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
const reply = (status: number, body: string): HttpReply => ({ status, headers: HEADERS, body });

/**
 * For supervisors and load balancers. `/healthz`: the process runs and answers. `/readyz`: it can do its work; `isReady`
 * rejects or says false while it can't, as when it shuts down or the store does not answer.
 */
export function healthRoutes(isReady: () => Promise<boolean>): HttpHandler {
  return ({ method, path }) => {
    if (path !== '/healthz' && path !== '/readyz') return undefined;
    if (method !== 'GET' && method !== 'HEAD') return reply(405, 'method not allowed\n');
    if (path === '/healthz') return reply(200, 'ok\n');
    return isReady().then(
      (ready) => (ready ? reply(200, 'ready\n') : reply(503, 'not ready\n')),
      () => reply(503, 'not ready\n'),
    );
  };
}
