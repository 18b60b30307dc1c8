import type { Socket } from 'node:net';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { isAsyncIterable } from '../lib/http-body.ts';
import { answerWith, INTERNAL_ERROR } from '../lib/http-handlers.ts';
import { type PlainRequest, PlainRequestReader } from '../protocols/http1/plain-request.ts';
import { chunkedSink, sizedSink } from './body-sinks.ts';
import { DirectExchange } from './direct-exchange.ts';
import type { Connection } from './http-exchange.ts';
import type { HttpLimits } from './http-limits.ts';
import { type BodySink, sendGrowing } from './http-reply.ts';
import type { ReplyEncoder } from './reply-encoder.ts';
import type { RequestTurns, Waiting } from './request-turns.ts';

/** What a connection that is served directly needs of its server. */
export interface DirectHttpServer {
  readonly handlers: readonly HttpHandler[];
  readonly limits: HttpLimits;
  /** It takes no more requests on connections that are open. */
  readonly isClosing: () => boolean;
  readonly replies: ReplyEncoder;
  readonly turns: RequestTurns;
  readonly lateTurns: RequestTurns;
  replied(status: number): void;
  failed(method: string, error: unknown): void;
  /** The client has not taken what was sent to it. */
  slow(connection: Connection): void;
  cut(connection: Connection, reason: string): void;
  /** It sent nothing for as long as it may. */
  silent(connection: Connection): void;
  /** The connection is Node's HTTP parser's from here on, which has not seen `bytes` yet. */
  handOver(connection: Connection, bytes: Buffer): void;
}

/**
 * What a request can begin with: every method does with a letter, and "a server [...] SHOULD ignore at least one empty line (CRLF)
 * received prior to the request-line" (RFC 9112 section 2.2).
 */
const BEGINNING = /^[A-Z\r\n]/;

/**
 * Serves a connection for as long as its client sends plain requests, one after the other: what players and SDKs send. Node's HTTP
 * server takes three times the processor for the same; anything but a plain request is left to it, and the connection with it.
 */
export class DirectConnection implements Waiting {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #server: DirectHttpServer;
  readonly #reader = new PlainRequestReader();
  #exchange: DirectExchange | undefined;
  /** What the client sent behind a request that is not answered yet, or before its turn; as Latin-1. */
  #waiting: string | undefined;
  #hasServed = false;
  /** When something last came from the client, or was answered. A timer would be set anew with each read and each write. */
  #idleSinceMs = performance.now();
  /** The client has said its last word. */
  #hasEnded = false;

  constructor(connection: Connection, server: DirectHttpServer) {
    this.#connection = connection;
    this.#socket = connection.socket;
    this.#server = server;
    this.#socket
      .on('data', this.receive)
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('error', ignoreError)
      .on('timeout', this.#onTimeout);
  }

  /** A request is being answered. */
  get isBusy(): boolean {
    return this.#exchange !== undefined;
  }

  /** It is the turn of what waits. */
  proceed(): void {
    const text = this.#waiting;
    this.#waiting = undefined;
    if (text === undefined) return;
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#take(text);
    if (this.#hasEnded) this.#end();
  }

  /** Called once by the server when the connection has closed. */
  closed(): void {
    this.#exchange?.clientGone();
    this.#waiting = undefined;
  }

  /** The client took everything. */
  drained(): void {
    this.#socket.setTimeout(0);
    this.#idleSinceMs = performance.now();
  }

  /** Ends the connection of a client that has been silent for too long. */
  sweep(nowMs: number): void {
    const { sendingSinceMs, closeAtMs } = this.#connection;
    if (this.isBusy || this.#waiting !== undefined) return;
    // Others watch over what is on its way, and over what was refused.
    if (sendingSinceMs !== undefined || closeAtMs !== undefined) return;
    const { headerTimeoutMs, keepAliveTimeoutMs } = this.#server.limits;
    const idleMs = nowMs - this.#idleSinceMs;
    if (idleMs < (this.#hasServed ? keepAliveTimeoutMs : headerTimeoutMs)) return;
    if (this.#hasServed) this.#socket.destroy();
    else this.#server.silent(this.#connection);
  }

  /** The client sent `bytes`, which are somebody else's again when this returns. */
  readonly receive = (bytes: Buffer): void => {
    // It was refused, and told so: nothing is to be done for it any more.
    if (this.#connection.closeAtMs !== undefined) return;
    this.#idleSinceMs = performance.now();
    const text = bytes.toString('latin1');
    const isFirst = this.#exchange === undefined && this.#waiting === undefined;
    if (isFirst && this.#server.turns.take()) {
      this.#take(text);
      return;
    }
    if (isFirst) this.#server.turns.wait(this);
    const waiting = (this.#waiting ?? '') + text;
    this.#waiting = waiting;
    if (!BEGINNING.test(waiting)) {
      this.#server.cut(this.#connection, 'garbage behind a request');
    } else if (waiting.length > this.#server.limits.maxHeaderBytes) {
      // The rest stays with the client. That it goes away meanwhile is not seen until the request is answered.
      this.#socket.pause();
    }
  };

  #take(text: string): void {
    const { handlers } = this.#server;
    const request = this.#read(text);
    if (request === undefined || this.#server.isClosing()) {
      this.#handOver(Buffer.from(text, 'latin1'));
      return;
    }
    const exchange = new DirectExchange(this.#connection, request, text);
    this.#exchange = exchange;
    answerWith(handlers, exchange, this.#send, this.#fail, this.#server.lateTurns);
  }

  #read(text: string): PlainRequest | undefined {
    const { maxHeaderBytes, maxTargetBytes } = this.#server.limits;
    if (text.length > maxHeaderBytes) return undefined;
    const request = this.#reader.read(text);
    return request && request.target.length <= maxTargetBytes ? request : undefined;
  }

  #handOver(bytes: Buffer): void {
    this.#socket
      .off('data', this.receive)
      .off('drain', this.#onDrain)
      .off('end', this.#onEnd)
      .off('error', ignoreError)
      .off('timeout', this.#onTimeout)
      .setTimeout(0);
    this.#server.handOver(this.#connection, bytes);
  }

  readonly #send = (exchange: DirectExchange, reply: HttpReply): void => {
    if (exchange.isGone) return;
    const { body } = reply;
    const encoded = this.#server.replies.encode(reply, this.#server.isClosing());
    exchange.isLast = encoded.isLast;
    this.#server.replied(reply.status);
    const socket = this.#socket;
    if (isAsyncIterable(body)) {
      exchange.isHeadSent = true;
      const { byteLength } = reply;
      const sink = byteLength === undefined ? chunkedSink(socket) : sizedSink(socket, byteLength);
      socket.write(encoded.bytes);
      this.#sendGrowing(exchange, sink, body).catch((error) => this.#fail(exchange, error));
      return;
    }
    if (encoded.isWhole || body === undefined) socket.write(encoded.bytes);
    else {
      socket.cork();
      socket.write(encoded.bytes);
      if (typeof body === 'string' || body instanceof Uint8Array) socket.write(body);
      else for (const buffer of body) socket.write(buffer);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.#server.slow(this.#connection);
    // Otherwise it is over when the client took it.
    if (socket.writableNeedDrain) exchange.isSent = true;
    else this.#answered(exchange);
  };

  async #sendGrowing(
    exchange: DirectExchange,
    sink: BodySink,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    await sendGrowing(exchange, sink, body, () => this.#server.slow(this.#connection));
    if (!exchange.isGone) this.#answered(exchange);
  }

  #answered(exchange: DirectExchange): void {
    exchange.answered();
    this.#exchange = undefined;
    this.#hasServed = true;
    this.#idleSinceMs = performance.now();
    if (exchange.isLast || this.#server.isClosing()) this.#socket.destroySoon();
    else if (this.#waiting === undefined || this.#server.turns.take()) this.proceed();
    else this.#server.turns.wait(this);
  }

  readonly #fail = (exchange: DirectExchange, error: unknown): void => {
    if (exchange.isGone) return;
    this.#server.failed(exchange.method, error);
    // Cutting a body that has begun is the only way to say that it is not whole (RFC 9112 section 8).
    if (exchange.isHeadSent) this.#socket.destroy();
    else this.#send(exchange, INTERNAL_ERROR);
  };

  readonly #onDrain = (): void => {
    const exchange = this.#exchange;
    if (exchange?.isSent) this.#answered(exchange);
    else exchange?.wakeSender();
  };

  /** The client has nothing more to say, and hears what it has been answered. With Node's server it is the same. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#exchange === undefined && this.#waiting !== undefined) return;
    this.#end();
  };

  #end(): void {
    if (this.#exchange && !this.#exchange.isSent) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  readonly #onTimeout = (): void => {
    if (this.#connection.sendingSinceMs !== undefined) {
      this.#server.cut(this.#connection, 'takes nothing of its answer');
    }
  };
}

/** 'close' follows, and says what there is to say. */
function ignoreError(): void {}
