import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { buffersOf, contentLength, isAsyncIterable } from '../lib/http-body.ts';
import { assertField } from '../lib/http-fields.ts';
import { answerWith, INTERNAL_ERROR } from '../lib/http-handlers.ts';
import type { Logger } from '../lib/logger.ts';
import { HostedRequest } from './hosted-request.ts';
import { type HostMessage, isBodiless, type WorkerMessage } from './http-messages.ts';
import type { Conversation } from './link.ts';
import { PIECE_BYTES, ReplyPieces } from './reply-pieces.ts';

export interface HttpHostOptions {
  /** Asked in this order, as by a server of this thread: 404 where none answers, 500 and a line of the log where one fails. */
  readonly handlers: readonly HttpHandler[];
  readonly log: Logger;
}

/**
 * The main thread's end of topic `http`, one for each worker: its handlers answer what the worker's `RemoteHandler` asks. A body of
 * more than `PIECE_BYTES`, or one that grows, is read as the worker asks for it, which it does when its client has taken what was
 * sent: at most one piece of each reply is under way. How many requests are is the worker's to bound.
 *
 * To be disposed of when the worker is gone: its clients are, then.
 */
export class HttpHost implements Disposable {
  readonly #conversation: Conversation;
  readonly #handlers: readonly HttpHandler[];
  readonly #log: Logger;
  /** Those that are not answered to the last byte. */
  readonly #requests = new Map<number, HostedRequest>();

  constructor(conversation: Conversation, { handlers, log }: HttpHostOptions) {
    this.#conversation = conversation;
    this.#handlers = handlers;
    this.#log = log;
    conversation.listen({
      message: (number, detail, payload) =>
        this.#onMessage(number, detail as WorkerMessage, payload),
    });
  }

  [Symbol.dispose](): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) request.clientGone();
  }

  #onMessage(number: number, message: WorkerMessage, body: Uint8Array): void {
    const request = this.#requests.get(number);
    if (message === 'gone') {
      this.#requests.delete(number);
      request?.clientGone();
    } else if (message === undefined) {
      if (request?.pieces !== undefined) void this.#sendPiece(request, request.pieces);
    } else {
      const asked = new HostedRequest(number, message, body);
      this.#requests.set(number, asked);
      answerWith(this.#handlers, asked, this.#answer, this.#fail);
    }
  }

  readonly #answer = (request: HostedRequest, reply: HttpReply): void => {
    if (request.isGone) return;
    const { status, headers, body } = reply;
    const byteLength = contentLength(reply);
    if (body === undefined) this.#sendLast(request, { status, headers, body: 'none' });
    else if (!isAsyncIterable(body) && byteLength !== undefined && byteLength <= PIECE_BYTES) {
      this.#sendLast(request, { status, headers, body: 'whole' }, buffersOf(body));
    } else {
      // The worker's server would refuse them too, but nobody would say so here, where the rest of the body waits then.
      for (const name in headers) assertField(status, name, String(headers[name]));
      const length = byteLength === undefined ? {} : { byteLength };
      const head = { status, headers, body: 'pieces', ...length } as const;
      if (isBodiless(request.method, status)) this.#sendLast(request, head);
      else {
        request.pieces = new ReplyPieces(body);
        this.#send(request, head, request.pieces.takeAtHand());
      }
    }
  };

  readonly #fail = (request: HostedRequest, error: unknown): void => {
    if (request.isGone) return;
    this.#log.error({ err: error, method: request.method }, 'http request failed');
    if (request.pieces === undefined) this.#answer(request, INTERNAL_ERROR);
    else this.#sendLast(request, 'broken');
  };

  async #sendPiece(request: HostedRequest, pieces: ReplyPieces): Promise<void> {
    try {
      const piece = await pieces.take();
      if (request.isGone) return;
      if (piece === undefined) this.#sendLast(request, 'end');
      else this.#send(request, undefined, piece);
    } catch (error) {
      this.#fail(request, error);
    }
  }

  #send(request: HostedRequest, message: HostMessage, payload?: readonly Uint8Array[]): void {
    this.#conversation.send(request.number, message, payload);
  }

  /** The request is the worker's alone from here on. */
  #sendLast(request: HostedRequest, message: HostMessage, payload?: readonly Uint8Array[]): void {
    this.#requests.delete(request.number);
    this.#send(request, message, payload);
  }
}
