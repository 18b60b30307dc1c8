import { BodyTooLarge, type HttpRequest } from '../lib/http.ts';
import type { Question } from './http-messages.ts';
import type { ReplyPieces } from './reply-pieces.ts';

/** A worker's request, as the handlers of the main thread see it. */
export class HostedRequest implements HttpRequest {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HttpRequest['headers'];
  readonly remoteAddress: string;
  readonly isEncrypted: boolean;
  /** Of the reply, while there is more of it than was sent. */
  pieces: ReplyPieces | undefined;
  /** Nobody waits for the reply any more. */
  isGone = false;
  readonly #body: Uint8Array;
  readonly #bodyFault: Question['bodyFault'];
  #closeListeners: (() => void)[] | undefined;

  constructor(number: number, question: Question, body: Uint8Array) {
    this.number = number;
    this.method = question.method;
    this.path = question.path;
    this.query = question.query;
    this.headers = question.headers;
    this.remoteAddress = question.remoteAddress;
    this.isEncrypted = question.isEncrypted;
    this.#body = body;
    this.#bodyFault = question.bodyFault;
  }

  async body(limitBytes: number): Promise<Uint8Array> {
    if (this.#bodyFault === 'broken') throw new Error('cannot read the body: it did not arrive');
    const { byteLength } = this.#body;
    if (this.#bodyFault === 'too-large' || byteLength > limitBytes) {
      const found = this.#bodyFault === undefined ? `${byteLength}` : 'more';
      throw new BodyTooLarge(limitBytes, found);
    }
    return this.#body;
  }

  onClose(listener: () => void): void {
    if (this.isGone) return;
    this.#closeListeners ??= [];
    this.#closeListeners.push(listener);
  }

  /** Called at most once, unless it was answered. */
  clientGone(): void {
    this.isGone = true;
    for (const listener of this.#closeListeners ?? []) listener();
    this.pieces?.end();
  }
}
