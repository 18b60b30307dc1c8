import type { HttpRequest } from '../lib/http.ts';
import { fieldsByName, type PlainGet } from '../protocols/http1/plain-get.ts';
import { ClientExchange, splitTarget } from './client-exchange.ts';
import type { Connection } from './http-exchange.ts';

const NO_BYTES = new Uint8Array(0);

/** A plain GET and its answer: the `HttpRequest` that handlers see, over what was read. */
export class DirectExchange extends ClientExchange implements HttpRequest {
  readonly method = 'GET';
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly isEncrypted: boolean;
  /** Of a reply that grows: more can't be said of it than by cutting it. */
  isHeadSent = false;
  /** All of the reply is on its way, and the client has not taken it yet. */
  isSent = false;
  readonly #fields: string;
  #headers: HttpRequest['headers'] | undefined;

  constructor({ socket, remoteAddress }: Connection, { target, fields }: PlainGet) {
    super();
    this.remoteAddress = remoteAddress;
    this.isEncrypted = 'encrypted' in socket;
    this.#fields = fields;
    ({ path: this.path, query: this.query } = splitTarget(target));
  }

  get headers(): HttpRequest['headers'] {
    this.#headers ??= fieldsByName(this.#fields);
    return this.#headers;
  }

  body(): Promise<Uint8Array> {
    return Promise.resolve(NO_BYTES);
  }

  /** The client has its answer, or all of it is with the kernel. */
  answered(): void {
    this.forgetCloseListeners();
  }
}
