import type { HttpRequest } from '../lib/http.ts';
import type { HeaderFields, PlainRequest } from '../protocols/http1/plain-request.ts';
import { announcedTooLarge, ClientExchange, splitTarget } from './client-exchange.ts';
import type { Connection } from './http-exchange.ts';

/** A plain request and its answer: the `HttpRequest` that handlers see, over what was read. */
export class DirectExchange extends ClientExchange implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly isEncrypted: boolean;
  /** Of a reply that grows: more can't be said of it than by cutting it. */
  isHeadSent = false;
  /** The connection closes after the reply. */
  isLast = false;
  /** All of the reply is on its way, and the client has not taken it yet. */
  isSent = false;
  readonly #fields: HeaderFields;
  /** As Latin-1. */
  readonly #body: string;

  /** `text`: what `request` was read from. */
  constructor({ socket, remoteAddress }: Connection, request: PlainRequest, text: string) {
    super();
    const { method, target, fields, bodyOffset } = request;
    this.method = method;
    this.#body = bodyOffset === text.length ? '' : text.slice(bodyOffset);
    this.remoteAddress = remoteAddress;
    this.isEncrypted = 'encrypted' in socket;
    this.#fields = fields;
    ({ path: this.path, query: this.query } = splitTarget(target));
  }

  get headers(): HttpRequest['headers'] {
    return this.#fields.byName;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const refusal = announcedTooLarge(String(this.#body.length), limitBytes);
    return refusal ? Promise.reject(refusal) : Promise.resolve(Buffer.from(this.#body, 'latin1'));
  }

  /** The client has its answer, or all of it is with the kernel. */
  answered(): void {
    this.forgetCloseListeners();
  }
}
