import type { Logger } from '../lib/logger.ts';
import type { SharedPort } from '../sockets/shared-port.ts';
import { type ListenAddress, ListenError } from './listen-error.ts';

/** The system's own limit may be lower. */
const BACKLOG = 4096;

/** Opens a server's port and says which it is. Rejects with `ListenError`; failures after that are logged. */
export async function openPort(
  shared: SharedPort,
  address: ListenAddress,
  log: Logger,
): Promise<ListenAddress> {
  try {
    const port = await shared.listen({ ...address, backlog: BACKLOG }, (error) =>
      log.error({ err: error }, 'http server failed'),
    );
    return { host: address.host, port };
  } catch (error) {
    const { code = 'UNKNOWN' } = error as NodeJS.ErrnoException;
    throw new ListenError(code, address, error);
  }
}
