import type {
  IncomingHttpHeaders,
  SecureServerOptions,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { addressKey } from '../lib/address-key.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { answerWith, INTERNAL_ERROR } from '../lib/http-handlers.ts';
import { withoutIpv4Mapping } from '../lib/ipv4-mapping.ts';
import type { Logger } from '../lib/logger.ts';
import { PeerCounter } from '../lib/peer-counter.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './http-limits.ts';
import type { HttpServerOptions } from './http-server.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { sendHttp2Reply } from './http2-reply.ts';
import { loadHttp2 } from './node-http.ts';
import type { ReplyCounts } from './reply-counts.ts';
import { RequestTurns } from './request-turns.ts';

/** `:method`, `:scheme`, `:authority`, `:path`. */
const PSEUDO_HEADERS = 4;
/** Frames that make no sense, of which a peer in good faith sends none. */
const MAX_INVALID_FRAMES = 50;
/** How long a client has to close a connection that we have closed. */
const LINGER_MS = 1_000;

interface Connection {
  readonly session: ServerHttp2Session;
  readonly socket: TLSSocket;
  readonly remoteAddress: string;
  readonly addressKey: string;
  /** Requests that are not answered to the last byte. */
  readonly exchanges: Set<Http2Exchange>;
  /** The client has said what it must say first (RFC 9113 section 3.4). */
  hasBegun: boolean;
  /** When it last had a request, or began. */
  idleSinceMs: number;
  /** When it last took something of any reply. */
  tookAtMs: number;
}

/**
 * HTTP/2 behind `HttpHandler`, for connections whose TLS handshake agreed on it. What a connection may hold is bounded by
 * Node's session (frames, headers, memory), what its requests may by the sweep (deadlines) and the count of streams.
 */
export class Http2Server {
  readonly #handlers: readonly HttpHandler[];
  readonly #log: Logger;
  readonly #replyCounts: ReplyCounts | undefined;
  readonly #limits: HttpLimits;
  readonly #sessionOptions: SecureServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #streamCount: PeerCounter;
  readonly #bodyBytes: PeerCounter;
  readonly #lateTurns = new RequestTurns();
  readonly #sweepTimer: NodeJS.Timeout;
  #isAllGone: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** `bodyBytes`: of all bodies that are being read. */
  constructor(
    options: Pick<HttpServerOptions, 'handlers' | 'log' | 'limits' | 'replyCounts'>,
    bodyBytes: PeerCounter,
  ) {
    const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
    this.#handlers = options.handlers;
    this.#log = options.log;
    this.#replyCounts = options.replyCounts;
    this.#limits = limits;
    this.#bodyBytes = bodyBytes;
    this.#streamCount = new PeerCounter(limits.maxStreams, limits.maxStreamsPerAddress);
    this.#sessionOptions = {
      settings: {
        maxConcurrentStreams: limits.maxStreamsPerConnection,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
      // A few more than allowed lets us see that there are too many, and say so; beyond, Node resets the stream.
      maxHeaderListPairs: 2 * limits.maxHeaderCount + PSEUDO_HEADERS,
      maxSessionInvalidFrames: MAX_INVALID_FRAMES,
      streamResetBurst: limits.streamResetBurst,
      streamResetRate: limits.streamResetsPerSecond,
    };
    this.#sweepTimer = setInterval(() => this.#sweep(), limits.sweepIntervalMs).unref();
  }

  /** Serves a connection that agreed on HTTP/2. */
  accept(socket: TLSSocket): void {
    if (this.#closing !== undefined || socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const remoteAddress = withoutIpv4Mapping(socket.remoteAddress);
    const session = loadHttp2().performServerHandshake(socket, this.#sessionOptions);
    const nowMs = performance.now();
    const connection: Connection = {
      session,
      socket,
      remoteAddress,
      addressKey: addressKey(remoteAddress),
      exchanges: new Set(),
      hasBegun: false,
      idleSinceMs: nowMs,
      tookAtMs: nowMs,
    };
    this.#connections.add(connection);
    session.once('remoteSettings', () => {
      connection.hasBegun = true;
    });
    session.on('stream', (stream, headers, _flags, rawHeaders) =>
      this.#onStream(connection, stream, headers, rawHeaders),
    );
    // Errors are a peer's mistakes, and are followed by 'close'.
    session.on('error', (error) => {
      this.#log.debug({ remoteAddress, reason: error.message }, 'http2 connection failed');
    });
    socket.once('close', () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#isAllGone?.();
    });
  }

  /** Takes no more connections and requests, lets answers finish, and cuts what is left after `deadlineMs`. */
  close(deadlineMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const allGone = new Promise<void>((resolve) => {
      this.#isAllGone = resolve;
    });
    if (this.#connections.size === 0) this.#isAllGone?.();
    for (const connection of this.#connections) this.#end(connection);
    const deadline = setTimeout(() => {
      for (const { socket } of this.#connections) socket.destroy();
    }, deadlineMs);
    await allGone;
    clearTimeout(deadline);
    clearInterval(this.#sweepTimer);
  }

  /** GOAWAY; the connection ends when its last request is answered. */
  #end(connection: Connection): void {
    connection.idleSinceMs = performance.now();
    connection.session.close();
  }

  #onStream(
    connection: Connection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void {
    // Its errors are the client's doing, and are followed by 'close'.
    stream.on('error', () => {});
    if (stream.destroyed || stream.closed) return;
    if (!this.#streamCount.take(connection.addressKey)) {
      stream.close(loadHttp2().constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    const nowMs = performance.now();
    const { remoteAddress } = connection;
    const bodyBytes = this.#bodyBytes;
    const exchange = new Http2Exchange(stream, headers, { remoteAddress, nowMs, bodyBytes });
    connection.exchanges.add(exchange);
    stream.once('close', () => this.#onStreamClosed(connection, exchange));
    const refusal = this.#refusal(headers, rawHeaders);
    if (refusal !== undefined) {
      this.#send(exchange, { status: refusal, headers: {} });
      return;
    }
    answerWith(this.#handlers, exchange, this.#send, this.#fail, this.#lateTurns);
  }

  #onStreamClosed(connection: Connection, exchange: Http2Exchange): void {
    this.#streamCount.release(connection.addressKey);
    connection.exchanges.delete(exchange);
    exchange.closed();
    const nowMs = performance.now();
    connection.idleSinceMs = nowMs;
    if (!exchange.isGone) connection.tookAtMs = nowMs;
  }

  /** What is wrong with a request that the session took, as a status. */
  #refusal(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): number | undefined {
    const target = headers[':path'];
    if (target === undefined) return 405;
    if (target.length > this.#limits.maxTargetBytes) return 414;
    if (rawHeaders.length > (this.#limits.maxHeaderCount + PSEUDO_HEADERS) * 2) return 431;
    const { host } = headers;
    const authority = headers[':authority'];
    // RFC 9113 section 8.3.1: malformed where the two differ; 400 without either, as in HTTP/1.1.
    return host === undefined || (authority !== undefined && authority !== host) ? 400 : undefined;
  }

  readonly #send = (exchange: Http2Exchange, reply: HttpReply): void => {
    this.#replyCounts?.count(reply.status);
    if (exchange.isGone || exchange.stream.closed) return;
    exchange.repliedAtMs = performance.now();
    exchange.tookAtMs = exchange.repliedAtMs;
    sendHttp2Reply(exchange, reply)?.catch((error) => this.#fail(exchange, error));
  };

  readonly #fail = (exchange: Http2Exchange, error: unknown): void => {
    const { stream } = exchange;
    if (exchange.isGone || stream.closed) return;
    this.#log.error({ err: error, method: exchange.method }, 'http request failed');
    // A reset is the only way to say that a body that has begun is not whole (RFC 9113 section 8.1).
    if (stream.headersSent) cut(exchange, 'its body failed');
    else this.#send(exchange, INTERNAL_ERROR);
  };

  #sweep(): void {
    const refused = this.#streamCount.takeRefused();
    if (refused > 0) this.#log.warn({ count: refused }, 'refused requests over HTTP/2: too many');
    const nowMs = performance.now();
    for (const connection of this.#connections) this.#sweepOne(connection, nowMs);
  }

  #sweepOne(connection: Connection, nowMs: number): void {
    const { exchanges, session, socket } = connection;
    const { headerTimeoutMs, keepAliveTimeoutMs } = this.#limits;
    for (const exchange of exchanges) this.#sweepExchange(connection, exchange, nowMs);
    if (exchanges.size > 0) return;
    const idleMs = nowMs - connection.idleSinceMs;
    if (session.closed || session.destroyed) {
      // Node has closed its half of the connection, and waits for the client to take that and to close the other.
      if (idleMs > LINGER_MS) socket.destroy();
    } else if (!connection.hasBegun) {
      if (idleMs > headerTimeoutMs) socket.destroy();
    } else if (idleMs > keepAliveTimeoutMs) this.#end(connection);
  }

  #sweepExchange(connection: Connection, exchange: Http2Exchange, nowMs: number): void {
    const { requestTimeoutMs, stalledSendTimeoutMs, maxSendMs } = this.#limits;
    const { tookAtMs } = exchange;
    if (tookAtMs === undefined) {
      if (nowMs - exchange.beganAtMs > requestTimeoutMs && exchange.isReceiving) late(exchange);
      return;
    }
    connection.tookAtMs = Math.max(connection.tookAtMs, tookAtMs);
    const isStalled = nowMs - tookAtMs > stalledSendTimeoutMs;
    if (!isStalled && nowMs - exchange.repliedAtMs <= maxSendMs) return;
    const { remoteAddress } = connection;
    this.#log.debug({ remoteAddress, isStalled }, 'http2 request cut: too slow');
    cut(exchange, 'too slow');
    // Nothing at all is taken: then what a reset would have to say is not, either.
    if (nowMs - connection.tookAtMs > stalledSendTimeoutMs) connection.socket.destroy();
  }
}

/** Says 408 to a client that does not finish its request, unless it is being told something else. */
function late(exchange: Http2Exchange): void {
  const { stream } = exchange;
  if (stream.headersSent) {
    cut(exchange, 'it goes on for too long');
    return;
  }
  exchange.clientGone();
  stream.respond({ ':status': 408, 'content-length': 0 }, { endStream: true });
  exchange.end();
}

/**
 * Resets the stream and frees what it holds at once, whether or not the client hears of it. Not with Node's `close`, which
 * ends the body first: what was cut would look whole.
 */
function cut(exchange: Http2Exchange, reason: string): void {
  exchange.clientGone();
  exchange.stream.destroy(new Error(`reply cut: ${reason}`));
}
