import type { Socket } from 'node:net';
import type { BodySink } from './http-reply.ts';

/** A body whose length is not known, as chunks (RFC 9112 section 7.1). */
export function chunkedSink(socket: Socket): BodySink {
  return {
    write(bytes) {
      // A chunk of no bytes is the last one.
      if (bytes.byteLength === 0) return true;
      socket.cork();
      socket.write(`${bytes.byteLength.toString(16)}\r\n`, 'latin1');
      socket.write(bytes);
      const isTaken = socket.write('\r\n', 'latin1');
      socket.uncork();
      return isTaken && !socket.writableNeedDrain;
    },
    end: () => void socket.write('0\r\n\r\n', 'latin1'),
  };
}

/**
 * A body whose length was said before it. Throws where it turns out to have another: what is too much would be read as the
 * next answer, and of what is too little the next answer would be taken for the rest.
 */
export function sizedSink(socket: Socket, byteLength: number): BodySink {
  let left = byteLength;
  return {
    write(bytes) {
      left -= bytes.byteLength;
      if (left < 0) throw new Error(`cannot send the body: it has more than ${byteLength} bytes`);
      return socket.write(bytes);
    },
    end() {
      if (left > 0) throw new Error(`cannot send the body: ${left} of ${byteLength} bytes lack`);
    },
  };
}
