import type { PortSharing } from '../sockets/shared-port.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly sharing?: PortSharing;
}

/** A port could not be opened. `code` is the system's: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND. */
export class ListenError extends Error {
  override name = 'ListenError';
  readonly code: string;
  readonly address: ListenAddress;

  constructor(code: string, address: ListenAddress, cause: unknown) {
    const reason = LISTEN_FAILURES[code] ?? 'the system refused';
    super(`cannot listen on ${address.host}:${address.port}: ${reason} (${code})`, { cause });
    this.code = code;
    this.address = address;
  }
}

const LISTEN_FAILURES: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: 'another process has the port',
  EACCES: 'no permission for the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name does not resolve',
};
