import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { addressKey } from '../lib/address-key.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { answerWith, INTERNAL_ERROR } from '../lib/http-handlers.ts';
import { withoutIpv4Mapping } from '../lib/ipv4-mapping.ts';
import type { Logger } from '../lib/logger.ts';
import { PeerCounter } from '../lib/peer-counter.ts';
import { SharedPort } from '../sockets/shared-port.ts';
import { READ_BUFFER_BYTES, readInto } from '../sockets/shared-read-buffer.ts';
import { DirectConnection, type DirectHttpServer } from './direct-http.ts';
import { type Connection, Exchange, ExchangeResponse } from './http-exchange.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http-limits.ts';
import { type ParserError, parserRefusal } from './http-parser-error.ts';
import { plainReply, sendGrowing, writeReply } from './http-reply.ts';
import type { ListenAddress } from './listen-error.ts';
import { http } from './node-http.ts';
import { openPort } from './open-port.ts';
import type { ReplyCounts } from './reply-counts.ts';
import { ReplyEncoder } from './reply-encoder.ts';
import { RequestTurns } from './request-turns.ts';
import { SlowConnections } from './slow-connections.ts';

export interface HttpServerOptions {
  /** Asked in this order; the first one that answers has the request. 404 where none does. */
  readonly handlers: readonly HttpHandler[];
  readonly log: Logger;
  readonly limits?: Partial<HttpLimits>;
  readonly replyCounts?: ReplyCounts;
}

/** How long a client has to read why it was refused before its connection is gone. */
const LINGER_MS = 1_000;

/** Node's HTTP/1.1 server behind `HttpHandler`: parsing, limits, deadlines, sending, closing. */
export class HttpServer {
  /** Of the connections to this port, and to the TLS port before it. */
  readonly connectionCount: PeerCounter;
  /** Of all bodies that are being read on either. */
  readonly bodyBytes: PeerCounter;
  readonly #server: Server<typeof IncomingMessage, typeof ExchangeResponse>;
  readonly #port: SharedPort;
  /** Node's own of a new connection: its parser takes over there. */
  readonly #nodeListeners: readonly Function[];
  readonly #lateTurns = new RequestTurns();
  readonly #direct: DirectHttpServer;
  readonly #handlers: readonly HttpHandler[];
  readonly #log: Logger;
  readonly #limits: HttpLimits;
  readonly #connections = new Map<Socket, Connection>();
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #slow: SlowConnections;
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
    this.#slow = new SlowConnections(limits, (connection) => this.#cut(connection, 'too slow'));
    this.connectionCount = new PeerCounter(limits.maxConnections, limits.maxConnectionsPerAddress);
    this.bodyBytes = new PeerCounter(limits.maxBodyBytes, limits.maxBodyBytesPerAddress);
    this.#server = http.createServer({
      IncomingMessage: http.IncomingMessage,
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
    this.#nodeListeners = this.#server.rawListeners('connection');
    this.#server.removeAllListeners('connection');
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket));
    this.#port = new SharedPort(this.#server, { allowHalfOpen: true, noDelay: true });
    this.#direct = this.#directServer();
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
    return openPort(this.#port, address, this.#log);
  }

  /** Serves a connection that came to another port, where its handshake was made and it was counted. */
  accept(socket: TLSSocket): void {
    if (this.#closing !== undefined) socket.destroy();
    else this.#onConnection(socket);
  }

  /** Takes no more connections, ends the idle ones, lets answers finish, and cuts what is left after `deadlineMs`. */
  close(deadlineMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const deadline = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy();
    }, deadlineMs);
    const portClosed = this.#port.close();
    for (const connection of this.#connections.values()) {
      if (!isBusy(connection)) connection.socket.destroySoon();
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

  #onConnection(accepted: Socket): void {
    if (accepted.remoteAddress === undefined) {
      accepted.destroy();
      return;
    }
    const remoteAddress = withoutIpv4Mapping(accepted.remoteAddress);
    const moved = readInto(accepted, this.#buffer, (bytes) => connection.direct?.receive(bytes));
    if (moved) accepted.destroy();
    const socket = moved ?? accepted;
    const key = addressKey(remoteAddress);
    const isCounted = !(socket instanceof TLSSocket) && this.connectionCount.take(key);
    const connection: Connection = {
      socket,
      remoteAddress,
      addressKey: isCounted ? key : undefined,
      direct: undefined,
      exchanges: [],
      sendingSinceMs: undefined,
      closeAtMs: undefined,
    };
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#onConnectionClosed(connection));
    if (!isCounted && !(socket instanceof TLSSocket)) {
      connection.closeAtMs = 0;
      socket.on('error', () => {});
      socket.write(plainReply('503 Service Unavailable'));
      socket.destroySoon();
      return;
    }
    this.#direct.turns.accepted();
    connection.direct = new DirectConnection(connection, this.#direct);
  }

  #directServer(): DirectHttpServer {
    return {
      handlers: this.#handlers,
      limits: this.#limits,
      isClosing: () => this.#closing !== undefined,
      replies: new ReplyEncoder(this.#limits.keepAliveTimeoutMs),
      turns: new RequestTurns(),
      lateTurns: this.#lateTurns,
      replied: (status) => this.#replyCounts?.count(status),
      failed: (method, error) => this.#log.error({ err: error, method }, 'http request failed'),
      slow: (connection) => this.#slow.add(connection),
      cut: (connection, reason) => this.#cut(connection, reason),
      silent: (connection) => this.#refuse(connection, '408 Request Timeout'),
      handOver: (connection, bytes) => this.#handOver(connection, bytes),
    };
  }

  /** "Sniffing" as Node documents it for its 'connection' event: what was read is put back before its parser looks. */
  #handOver(connection: Connection, bytes: Buffer): void {
    const { socket } = connection;
    connection.direct = undefined;
    socket.pause();
    socket.unshift(bytes);
    for (const listener of this.#nodeListeners) listener.call(this.#server, socket);
    socket.resume();
  }

  #onConnectionClosed(connection: Connection): void {
    this.#connections.delete(connection.socket);
    this.#slow.delete(connection);
    if (connection.addressKey !== undefined) this.connectionCount.release(connection.addressKey);
    connection.direct?.closed();
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
    const exchange = new Exchange(connection, incoming, response, this.bodyBytes);
    connection.exchanges.push(exchange);
    response.exchange = exchange;
    response.on('close', forgetExchange);
    const refusal = this.#refusal(incoming);
    if (refusal !== undefined) {
      exchange.isLast = true;
      this.#send(exchange, { status: refusal, headers: {} });
      return;
    }
    answerWith(this.#handlers, exchange, this.#send, this.#fail, this.#lateTurns);
  }

  /** What is wrong with a request that the parser took, as a status. */
  #refusal(incoming: IncomingMessage): number | undefined {
    if ((incoming.url?.length ?? 0) > this.#limits.maxTargetBytes) return 414;
    if (incoming.rawHeaders.length > this.#limits.maxHeaderCount * 2) return 431;
    // "A server MUST respond with a 400 to any request that contains more than one Host" (RFC 9112 section 3.2).
    if (incoming.headers.host?.includes(',')) return 400;
    return undefined;
  }

  readonly #send = (exchange: Exchange, reply: HttpReply): void => {
    const { connection } = exchange;
    if (exchange.isGone) return;
    this.#replyCounts?.count(reply.status);
    if (this.#closing !== undefined || exchange.hasMuchUnread) exchange.isLast = true;
    const growing = writeReply(exchange, reply);
    if (growing) {
      const { response } = exchange;
      response.on('drain', () => exchange.wakeSender());
      sendGrowing(exchange, response, growing, () => this.#slow.add(connection)).catch((error) =>
        this.#fail(exchange, error),
      );
    } else if (connection.exchanges.length > 1 || connection.socket.writableLength > 0) {
      this.#slow.add(connection);
    }
  };

  readonly #fail = (exchange: Exchange, error: unknown): void => {
    if (exchange.isGone) return;
    this.#log.error({ err: error, method: exchange.method }, 'http request failed');
    // Cutting a body that has begun is the only way to say that it is not whole (RFC 9112 section 8).
    if (exchange.response.headersSent) exchange.connection.socket.destroy();
    else this.#send(exchange, INTERNAL_ERROR);
  };

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
    } else this.#refuse(connection, parserRefusal(error, this.#limits.maxTargetBytes));
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

  #sweep(): void {
    const refused = this.connectionCount.takeRefused();
    if (refused > 0) this.#log.warn({ count: refused }, 'refused connections: too many');
    const nowMs = performance.now();
    this.#slow.sweep(nowMs);
    for (const { direct } of this.#connections.values()) direct?.sweep(nowMs);
  }
}

const isBusy = ({ direct, exchanges }: Connection): boolean =>
  exchanges.length > 0 || direct?.isBusy === true;

function forgetExchange(this: ExchangeResponse): void {
  const exchanges = this.exchange?.connection.exchanges ?? [];
  const index = exchanges.findIndex((exchange) => exchange === this.exchange);
  if (index >= 0) exchanges.splice(index, 1);
}
