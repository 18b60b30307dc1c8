import {
  BodyTooLarge,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  TooManyBodies,
} from '../lib/http.ts';
import { type HostMessage, isBodiless, type Question, type ReplyHead } from './http-messages.ts';
import type { Conversation } from './link.ts';

export interface RemoteHandlerOptions {
  /** At least what the most patient handler of the main thread takes; a body beyond it is too large for all of them. */
  readonly maxBodyBytes?: number;
  /** Under way at once; those beyond are answered 503. */
  readonly maxRequests?: number;
}

const MAX_BODY_BYTES = 1024 * 1024;
/** Nearly all of the connections that a port takes may be viewers of private streams, each parked with a request for a playlist. */
const MAX_REQUESTS = 16_384;

/** The main thread has too much to do. */
const UNAVAILABLE_REPLY: HttpReply = { status: 503, headers: { 'Retry-After': 1 } };

/** A request that the main thread has not answered to the last byte. */
interface PendingRequest {
  readonly method: string;
  readonly reply: PromiseWithResolvers<HttpReply>;
  /** The piece of the reply's body that was asked for; `undefined`: there are no more. */
  piece: PromiseWithResolvers<Uint8Array | undefined> | undefined;
}

/**
 * A worker's end of topic `http`: its `handle` has every request answered by the main thread's `HttpHost`. A body that may be large
 * is asked for piece by piece, as the client takes it.
 *
 * A handler that fails there is a 500 here; a body that breaks off there throws here, so that its client is cut.
 */
export class RemoteHandler {
  readonly #conversation: Conversation;
  readonly #maxBodyBytes: number;
  readonly #maxRequests: number;
  readonly #pending = new Map<number, PendingRequest>();
  #lastNumber = 0;

  constructor(conversation: Conversation, options: RemoteHandlerOptions = {}) {
    this.#conversation = conversation;
    this.#maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#maxRequests = options.maxRequests ?? MAX_REQUESTS;
    conversation.listen({
      message: (number, detail, payload) => this.#onMessage(number, detail as HostMessage, payload),
    });
  }

  readonly handle: HttpHandler = (request) => {
    if (this.#pending.size >= this.#maxRequests) return UNAVAILABLE_REPLY;
    const number = this.#nextNumber();
    const reply = Promise.withResolvers<HttpReply>();
    this.#pending.set(number, { method: request.method, reply, piece: undefined });
    request.onClose(() => this.#leave(number));
    if (mayHaveBody(request)) void this.#askWithBody(number, request);
    else this.#ask(number, request);
    return reply.promise;
  };

  #nextNumber(): number {
    do this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    while (this.#pending.has(this.#lastNumber));
    return this.#lastNumber;
  }

  async #askWithBody(number: number, request: HttpRequest): Promise<void> {
    let body: Uint8Array | undefined;
    let bodyFault: Question['bodyFault'];
    try {
      body = await request.body(this.#maxBodyBytes);
    } catch (error) {
      if (error instanceof TooManyBodies) {
        this.#pending.get(number)?.reply.resolve(UNAVAILABLE_REPLY);
        this.#pending.delete(number);
        return;
      }
      bodyFault = error instanceof BodyTooLarge ? 'too-large' : 'broken';
    }
    // Its client may have gone meanwhile.
    if (this.#pending.has(number)) this.#ask(number, request, body, bodyFault);
  }

  #ask(
    number: number,
    { method, path, query, headers, remoteAddress, isEncrypted }: HttpRequest,
    body?: Uint8Array,
    bodyFault?: Question['bodyFault'],
  ): void {
    const question: Question = {
      method,
      path,
      query,
      headers,
      remoteAddress,
      isEncrypted,
      ...(bodyFault !== undefined && { bodyFault }),
    };
    this.#conversation.send(number, question, body && [body]);
  }

  /** The client wants no more of it. */
  #leave(number: number): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) return;
    this.#pending.delete(number);
    this.#conversation.send(number, 'gone');
    pending.reply.reject(new Error('cannot answer: the client went away'));
    pending.piece?.resolve(undefined);
  }

  #onMessage(number: number, message: HostMessage, payload: Uint8Array): void {
    const pending = this.#pending.get(number);
    // The client went away before it came.
    if (pending === undefined) return;
    if (message === undefined) pending.piece?.resolve(payload);
    else if (message === 'end' || message === 'broken') {
      this.#pending.delete(number);
      if (message === 'end') pending.piece?.resolve(undefined);
      else pending.piece?.reject(new Error('the body broke off in the main thread'));
    } else {
      const hasMore = message.body === 'pieces' && !isBodiless(pending.method, message.status);
      if (!hasMore) this.#pending.delete(number);
      pending.reply.resolve(this.#replyOf(number, message, payload));
    }
  }

  #replyOf(number: number, head: ReplyHead, payload: Uint8Array): HttpReply {
    const { status, headers, byteLength } = head;
    if (head.body === 'none') return { status, headers };
    if (head.body === 'whole') return { status, headers, body: payload };
    const body = this.#pieces(number, payload);
    return { status, headers, body, ...(byteLength !== undefined && { byteLength }) };
  }

  async *#pieces(number: number, first: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      if (first.byteLength > 0) yield first;
      for (;;) {
        const piece = await this.#nextPiece(number);
        if (piece === undefined) return;
        yield piece;
      }
    } finally {
      this.#leave(number);
    }
  }

  #nextPiece(number: number): Promise<Uint8Array | undefined> {
    const pending = this.#pending.get(number);
    if (pending === undefined) return Promise.resolve(undefined);
    pending.piece = Promise.withResolvers();
    this.#conversation.send(number);
    return pending.piece.promise;
  }
}

/** Over HTTP/2 a body need not be announced; a body of these methods that is not means nothing (RFC 9110 section 9.3.1). */
const USUALLY_BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

function mayHaveBody({ method, headers }: HttpRequest): boolean {
  if (!USUALLY_BODILESS.has(method)) return true;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
