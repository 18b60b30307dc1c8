import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpHandler } from '../../lib/http.ts';
import { httpRequest } from './control-api-harness.ts';

export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Puts a handler on a free port of this machine, for clients that want a socket. */
export async function serve(handler: HttpHandler): Promise<Served> {
  const server = createServer((incoming, outgoing) => void exchange(handler, incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function exchange(
  handler: HttpHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = Buffer.concat(await incoming.toArray());
  const [path = '', query = ''] = (incoming.url ?? '').split('?');
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]),
  );
  const reply = await handler(
    httpRequest({ method: incoming.method ?? '', path, query, body, headers }),
  );
  outgoing.writeHead(reply?.status ?? 404, reply?.headers);
  outgoing.end(reply?.body ?? '');
}
