import type { Server } from 'node:net';
import type { Logger } from '../lib/logger.ts';
import { type ListenAddress, ListenError } from './listen-error.ts';

/** Connections that wait to be accepted; the system's own limit may be lower. */
const BACKLOG = 4096;

/** Opens a server's port and says which it is. Rejects with `ListenError`; failures after that are logged. */
export function openPort(
  server: Server,
  address: ListenAddress,
  log: Logger,
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(new ListenError(error.code ?? 'UNKNOWN', address, error));
    server.once('error', onError);
    server.listen({ ...address, backlog: BACKLOG }, () => {
      server.off('error', onError);
      server.on('error', (error) => log.error({ err: error }, 'http server failed'));
      const bound = server.address();
      const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
      resolve({ host: address.host, port });
    });
  });
}
