import type { HttpHandler, HttpReply } from '../lib/http.ts';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
const notReady = (why: string): HttpReply => reply(503, `not ready: ${why}\n`);
const reply = (status: number, body: string): HttpReply => ({ status, headers: HEADERS, body });

/**
 * For supervisors and load balancers. `/healthz`: the process runs and answers. `/readyz`: it takes requests and encoders;
 * `findObstacle` says why it does not, as when it shuts down or its disk is full, or rejects where the store does not answer.
 */
export function healthRoutes(findObstacle: () => Promise<string | undefined>): HttpHandler {
  return ({ method, path }) => {
    if (path !== '/healthz' && path !== '/readyz') return undefined;
    if (method !== 'GET' && method !== 'HEAD') return reply(405, 'method not allowed\n');
    if (path === '/healthz') return reply(200, 'ok\n');
    return findObstacle().then(
      (obstacle) => (obstacle === undefined ? reply(200, 'ready\n') : notReady(obstacle)),
      () => notReady('the database does not answer'),
    );
  };
}
