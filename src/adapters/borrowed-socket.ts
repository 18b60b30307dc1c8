import { Socket, type SocketConstructorOpts } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What libuv offers the kernel for one read. */
export const READ_BUFFER_BYTES = 64 * 1024;

/** The members of a socket that Node.js does not document: `net.Server` has no `onread`, which `net.connect` has. */
interface SocketInternals {
  _handle?: (object & { reading?: boolean; readStop?(): number }) | null;
}

/**
 * Reads an accepted connection, once it is resumed, into `buffer`, which all connections may share: `receive` gets a view of it and must be
 * done with it when it returns. Returns the socket to go on with; what was accepted is closed, also for its server, which
 * does not count the connection any more. A TLS connection stays as it is, and is read by its 'data' events.
 *
 * Why: a 'data' event brings memory of its own, 64 KiB that are then cut to the hundred bytes of a request.
 */
export function readInto(
  buffer: Buffer,
  accepted: Socket,
  receive: (bytes: Buffer) => void,
): Socket {
  const internals = accepted as unknown as SocketInternals;
  const handle = internals._handle;
  const isMovable = typeof handle === 'object' && typeof handle?.readStop === 'function';
  // A Node.js that is made otherwise has 'data' events, too.
  if (accepted instanceof TLSSocket || !isMovable) return accepted;
  internals._handle = null;
  handle.reading = false;
  handle.readStop?.();
  const options: Omit<SocketConstructorOpts, 'handle'> & { readonly handle: object } = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer,
      callback(byteLength) {
        receive(buffer.subarray(0, byteLength));
        return true;
      },
    },
  };
  const socket = new Socket(options as SocketConstructorOpts);
  accepted.destroy();
  return socket;
}
