import type { Server } from 'node:net';
import type { Logger } from '../lib/logger.ts';
import { type ListenAddress, ListenError } from './listen-error.ts';

/** Connections that wait to be accepted; the system's own limit may be lower. */
const BACKLOG = 4096;

/** Opens a server's port and says which it is. Rejects with `ListenError`; failures after that are logged. */
export async function openPort(
  server: Server,
  address: ListenAddress,
  log: Logger,
): Promise<ListenAddress> {
  const { host, sharing } = address;
  let port = await listen(server, address, { port: address.port, reusePort: sharing === 'join' });
  if (sharing === 'begin') {
    // A port that is shared is shared with any process of this user: that nobody had it is known only by having it alone.
    await new Promise((resolve) => server.close(resolve));
    port = await listen(server, address, { port, reusePort: true });
  }
  server.on('error', (error) => log.error({ err: error }, 'http server failed'));
  return { host, port };
}

function listen(
  server: Server,
  address: ListenAddress,
  options: { readonly port: number; readonly reusePort: boolean },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(new ListenError(error.code ?? 'UNKNOWN', address, error));
    server.once('error', onError);
    server.listen({ ...options, host: address.host, backlog: BACKLOG }, () => {
      server.off('error', onError);
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : options.port);
    });
  });
}
