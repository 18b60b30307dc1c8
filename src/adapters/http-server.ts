import { createServer, IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { addressKey } from '../lib/address-key.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { plainAddress } from './client-address.ts';
import { type Connection, Exchange, ExchangeResponse } from './http-exchange.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http-limits.ts';
import { plainReply, sendGrowing, writeReply } from './http-reply.ts';
import type { ListenAddress } from './listen-error.ts';
import { openPort } from './open-port.ts';
import { PeerCounter } from './peer-counter.ts';
import type { ReplyCounts } from './reply-counts.ts';

export interface HttpServerOptions {
  /** Asked in this order; the first one that answers has the request. 404 where none does. */
  readonly handlers: readonly HttpHandler[];
  readonly log: Logger;
  readonly limits?: Partial<HttpLimits>;
  /** Of the connections to every port that is under the same limits. Absent: of this server's own. */
  readonly connectionCount?: PeerCounter;
  readonly replyCounts?: ReplyCounts;
}

/** How long a client has to read why it was refused before its connection is gone. */
const LINGER_MS = 1_000;

/** Node's HTTP/1.1 server behind `HttpHandler`: parsing, limits, deadlines, sending, closing. */
export class HttpServer {
  readonly #server: Server<typeof IncomingMessage, typeof ExchangeResponse>;
  readonly #handlers: readonly HttpHandler[];
  readonly #log: Logger;
  readonly #limits: HttpLimits;
  readonly #connections = new Map<Socket, Connection>();
  readonly #connectionCount: PeerCounter;
  /** Connections with bytes that the client had not taken when last seen, or that were refused. */
  readonly #slow = new Set<Connection>();
  readonly #replyCounts: ReplyCounts | undefined;
  readonly #sweepTimer: NodeJS.Timeout;
  #isAllGone: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#handlers = options.handlers;
    this.#log = options.log;
    this.#replyCounts = options.replyCounts;
    const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    this.#limits = limits;
    this.#connectionCount =
      options.connectionCount ??
      new PeerCounter(limits.maxConnections, limits.maxConnectionsPerAddress);
    this.#server = createServer({
      IncomingMessage,
      ServerResponse: ExchangeResponse,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.sweepIntervalMs,
      joinDuplicateHeaders: true,
    });
    // Node drops the headers beyond this count without a word; one more than allowed lets us see that and refuse.
    this.#server.maxHeadersCount = limits.maxHeaderCount + 1;
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket));
    const onRequest = (incoming: IncomingMessage, response: ExchangeResponse) =>
      this.#onRequest(incoming, response);
    this.#server.on('request', onRequest);
    // The interim 100 is sent once a handler wants the body, not before.
    this.#server.on('checkContinue', onRequest);
    this.#server.on('connect', (incoming) => {
      const connection = this.#connections.get(incoming.socket);
      if (connection) this.#refuse(connection, '405 Method Not Allowed');
    });
    this.#server.on('clientError', (error: ParserError, socket) =>
      this.#onClientError(error, socket as Socket),
    );
    this.#server.on('timeout', (socket: Socket) => {
      const connection = this.#connections.get(socket);
      if (!connection?.sendingSinceMs) socket.destroy();
      else this.#cut(connection, 'takes nothing of its answer');
    });
    this.#sweepTimer = setInterval(() => this.#sweep(), limits.sweepIntervalMs).unref();
  }

  /** Opens the port and says which it is. Rejects with `ListenError`. */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return openPort(this.#server, address, this.#log);
  }

  /** Serves a connection that came to another port, where its handshake was made and it was counted. */
  accept(socket: TLSSocket): void {
    if (this.#closing !== undefined) socket.destroy();
    else this.#server.emit('connection', socket);
  }

  /** Takes no more connections, ends the idle ones, lets answers finish, and cuts what is left after `deadlineMs`. */
  close(deadlineMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const deadline = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    const portClosed = new Promise((resolve) => this.#server.close(resolve));
    for (const { socket, exchanges } of this.#connections.values()) {
      if (exchanges.length === 0) socket.destroy();
    }
    await portClosed;
    // Node's server waits for the connections to its own port only.
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#isAllGone = resolve;
      });
    }
    clearTimeout(deadline);
    clearInterval(this.#sweepTimer);
  }

  #onConnection(socket: Socket): void {
    const remoteAddress = plainAddress(socket.remoteAddress);
    if (remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const key = addressKey(remoteAddress);
    const isCounted = !(socket instanceof TLSSocket) && this.#connectionCount.take(key);
    const connection: Connection = {
      socket,
      remoteAddress,
      addressKey: isCounted ? key : undefined,
      exchanges: [],
      sendingSinceMs: undefined,
      closeAtMs: undefined,
    };
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#onConnectionClosed(connection));
    if (!isCounted && !(socket instanceof TLSSocket)) {
      connection.closeAtMs = 0;
      socket.write(plainReply('503 Service Unavailable'));
      socket.destroySoon();
    }
  }

  #onConnectionClosed(connection: Connection): void {
    this.#connections.delete(connection.socket);
    this.#slow.delete(connection);
    if (connection.addressKey !== undefined) this.#connectionCount.release(connection.addressKey);
    for (const exchange of connection.exchanges.splice(0)) exchange.clientGone();
    if (this.#connections.size === 0) this.#isAllGone?.();
  }

  #onRequest(incoming: IncomingMessage, response: ExchangeResponse): void {
    const connection = this.#connections.get(incoming.socket);
    if (!connection || connection.socket.destroyed || connection.closeAtMs !== undefined) return;
    if (connection.exchanges.length >= this.#limits.maxPipelinedRequests) {
      this.#cut(connection, 'too many pipelined requests');
      return;
    }
    const exchange = new Exchange(connection, incoming, response);
    connection.exchanges.push(exchange);
    response.exchange = exchange;
    response.on('close', forgetExchange);
    const refusal = this.#refusal(incoming);
    if (refusal !== undefined) {
      exchange.isLast = true;
      this.#send(exchange, { status: refusal, headers: {} });
      return;
    }
    try {
      const reply = this.#answer(exchange);
      if (reply instanceof Promise) {
        reply
          .then((late) => this.#send(exchange, late))
          .catch((error) => this.#fail(exchange, error));
      } else this.#send(exchange, reply);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  /** What is wrong with a request that the parser took, as a status. */
  #refusal(incoming: IncomingMessage): number | undefined {
    if ((incoming.url?.length ?? 0) > this.#limits.maxTargetBytes) return 414;
    if (incoming.rawHeaders.length > this.#limits.maxHeaderCount * 2) return 431;
    // "A server MUST respond with a 400 to any request that contains more than one Host" (RFC 9112 section 3.2).
    if (incoming.headers.host?.includes(',')) return 400;
    return undefined;
  }

  #answer(exchange: Exchange): HttpReply | Promise<HttpReply> {
    for (const handler of this.#handlers) {
      const reply = handler(exchange);
      if (reply !== undefined) return reply;
    }
    return NOT_FOUND;
  }

  #send(exchange: Exchange, reply: HttpReply): void {
    const { connection } = exchange;
    if (exchange.isGone) return;
    this.#replyCounts?.count(reply.status);
    if (this.#closing !== undefined || exchange.hasMuchUnread) exchange.isLast = true;
    const growing = writeReply(exchange, reply);
    if (growing) {
      sendGrowing(exchange, growing, () => this.#slow.add(connection)).catch((error) =>
        this.#fail(exchange, error),
      );
    } else if (connection.exchanges.length > 1 || connection.socket.writableLength > 0) {
      this.#slow.add(connection);
    }
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (exchange.isGone) return;
    this.#log.error({ err: error, method: exchange.method }, 'http request failed');
    // Cutting a body that has begun is the only way to say that it is not whole (RFC 9112 section 8).
    if (exchange.response.headersSent) exchange.connection.socket.destroy();
    else this.#send(exchange, INTERNAL_ERROR);
  }

  #onClientError(error: ParserError, socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.closeAtMs !== undefined) return;
    const [current] = connection.exchanges;
    const isInBody = connection.exchanges.length === 1 && current?.isReceiving === true;
    if (isInBody && !current.response.headersSent) {
      connection.exchanges.pop();
      current.clientGone();
    }
    // Behind a request that is complete, or after the head of its reply, an answer would be read as something else.
    if (!socket.writable || connection.exchanges.length > 0 || error.code === 'ECONNRESET') {
      this.#cut(connection, error.code ?? error.message);
    } else this.#refuse(connection, this.#parserRefusal(error));
  }

  #cut(connection: Connection, reason: string): void {
    this.#log.debug({ remoteAddress: connection.remoteAddress, reason }, 'http connection cut');
    connection.socket.destroy();
  }

  #refuse(connection: Connection, statusLine: string): void {
    const { remoteAddress } = connection;
    this.#log.debug({ remoteAddress, reason: statusLine }, 'http connection refused');
    connection.socket.end(plainReply(statusLine));
    connection.closeAtMs = performance.now() + LINGER_MS;
    this.#slow.add(connection);
  }

  #parserRefusal(error: ParserError): string {
    switch (error.code) {
      case 'HPE_HEADER_OVERFLOW': {
        const firstLineBytes = error.rawPacket?.indexOf('\n') ?? 0;
        const isTarget = firstLineBytes < 0 || firstLineBytes > this.#limits.maxTargetBytes;
        return isTarget ? '414 URI Too Long' : '431 Request Header Fields Too Large';
      }
      case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
        return '413 Payload Too Large';
      case 'ERR_HTTP_REQUEST_TIMEOUT':
        return '408 Request Timeout';
      default:
        return '400 Bad Request';
    }
  }

  #sweep(): void {
    const refused = this.#connectionCount.takeRefused();
    if (refused > 0) this.#log.warn({ count: refused }, 'refused connections: too many');
    const nowMs = performance.now();
    for (const connection of this.#slow) this.#sweepOne(connection, nowMs);
  }

  #sweepOne(connection: Connection, nowMs: number): void {
    const { socket, exchanges } = connection;
    if (connection.closeAtMs !== undefined) {
      if (nowMs >= connection.closeAtMs) socket.destroy();
      return;
    }
    if (socket.writableLength === 0) {
      // Without an exchange the timeout on the socket is Node's own, for keep-alive.
      if (connection.sendingSinceMs !== undefined && exchanges.length > 0) socket.setTimeout(0);
      connection.sendingSinceMs = undefined;
      if (exchanges.length < 2) this.#slow.delete(connection);
    } else if (connection.sendingSinceMs === undefined) {
      connection.sendingSinceMs = nowMs;
      // Node's socket timeout is the one thing that sees a partly taken write as progress; it destroys the socket.
      socket.setTimeout(this.#limits.stalledSendTimeoutMs);
    } else if (nowMs - connection.sendingSinceMs > this.#limits.maxSendMs) {
      this.#cut(connection, 'too slow');
    }
  }
}

interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

const NOT_FOUND: HttpReply = { status: 404, headers: {} };
const INTERNAL_ERROR: HttpReply = { status: 500, headers: {} };

function forgetExchange(this: ExchangeResponse): void {
  const exchanges = this.exchange?.connection.exchanges ?? [];
  const index = exchanges.findIndex((exchange) => exchange === this.exchange);
  if (index >= 0) exchanges.splice(index, 1);
}
