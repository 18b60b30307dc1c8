import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { addressKey } from '../lib/address-key.ts';
import { withoutIpv4Mapping } from '../lib/ipv4-mapping.ts';
import type { Logger } from '../lib/logger.ts';
import type { PeerCounter } from '../lib/peer-counter.ts';
import { SharedPort } from '../sockets/shared-port.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http-limits.ts';
import type { HttpServer, HttpServerOptions } from './http-server.ts';
import { Http2Server } from './http2-server.ts';
import type { ListenAddress } from './listen-error.ts';
import { openPort } from './open-port.ts';
import type { TlsCertificate } from './tls-certificate.ts';

export interface HttpsServerOptions extends HttpServerOptions {
  readonly certificate: Pick<TlsCertificate, 'cert' | 'key'>;
  /** Serves the clients that do not speak HTTP/2. Connections to both ports are counted together. */
  readonly http1: Pick<HttpServer, 'accept' | 'connectionCount' | 'bodyBytes'>;
}

/** The TLS port: handshakes, and each client to the HTTP that it agreed on. */
export class HttpsServer {
  readonly #server: Server;
  readonly #port: SharedPort;
  readonly #http2: Http2Server;
  readonly #log: Logger;
  readonly #connectionCount: PeerCounter;
  /** Until they close, whoever serves them. */
  readonly #sockets = new Set<Socket>();
  #closing: Promise<void> | undefined;

  constructor(options: HttpsServerOptions) {
    const limits: HttpLimits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    const { http1 } = options;
    this.#log = options.log;
    this.#connectionCount = http1.connectionCount;
    this.#http2 = new Http2Server(options, http1.bodyBytes);
    this.#server = createServer({
      ...secureContextOptions(options.certificate),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.tlsHandshakeTimeoutMs,
      noDelay: true,
    });
    this.#port = new SharedPort(this.#server, { noDelay: true });
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ reason: error.message }, 'tls handshake failed');
      socket.destroy();
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') this.#http2.accept(socket);
      else http1.accept(socket);
    });
  }

  /** Opens the port and says which it is. Rejects with `ListenError`. */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return openPort(this.#port, address, this.#log);
  }

  /** For the handshakes from now on; what is connected goes on with the one it has. */
  useCertificate(certificate: HttpsServerOptions['certificate']): void {
    this.#server.setSecureContext(secureContextOptions(certificate));
  }

  /**
   * Takes no more connections, lets answers over HTTP/2 finish, and cuts what is left after `deadlineMs`. Those over HTTP/1.1
   * are for their server to end, at the same time.
   */
  close(deadlineMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const portClosed = this.#port.close();
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, deadlineMs);
    await Promise.all([portClosed, this.#http2.close(deadlineMs)]);
    clearTimeout(deadline);
  }

  /** Counts every connection before TLS makes it expensive. */
  #admit(socket: Socket): void {
    const { remoteAddress } = socket;
    const key = remoteAddress && addressKey(withoutIpv4Mapping(remoteAddress));
    if (key === undefined || !this.#connectionCount.take(key)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#connectionCount.release(key);
    });
  }
}

const secureContextOptions = ({ cert, key }: HttpsServerOptions['certificate']) => ({
  cert,
  key,
  // RFC 8996: the older ones are not to be used.
  minVersion: 'TLSv1.2' as const,
});
