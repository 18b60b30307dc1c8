import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpRequest } from '../lib/http.ts';
import type { PeerCounter } from '../lib/peer-counter.ts';
import { announcedTooLarge, ClientExchange, splitTarget } from './client-exchange.ts';
import { http } from './node-http.ts';
import { readBody } from './request-body.ts';

/** What serves a connection without Node's parser. */
interface DirectService {
  /** The client sent `bytes`, which are somebody else's again when this returns. */
  receive(bytes: Buffer): void;
  /** A request is being answered. */
  readonly isBusy: boolean;
  /** The client took everything that was sent. */
  drained(): void;
  /** `nowMs`: on the clock of `performance.now`. */
  sweep(nowMs: number): void;
  /** Called once, when the connection has closed. */
  closed(): void;
}

/** One client's connection and the requests on it that are not answered to the last byte. */
export interface Connection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** What it is counted by; undefined where it is not counted, or not here. */
  readonly addressKey: string | undefined;
  /** Serves it, until Node's parser does. */
  direct: DirectService | undefined;
  /** Of Node's parser: more than one only when the client pipelines. */
  readonly exchanges: Exchange[];
  /** When the sweep first saw bytes that the client had not taken; undefined while there are none. */
  sendingSinceMs: number | undefined;
  /** Answered with an error of its own; waits a moment for the client to read it. */
  closeAtMs: number | undefined;
}

/** Node's response, which knows its exchange: the shared 'close' listener needs no closure a request. */
export class ExchangeResponse extends http.ServerResponse {
  exchange: Exchange | undefined;
}

/** One request and its answer: the `HttpRequest` that handlers see, over Node's pair of objects. */
export class Exchange extends ClientExchange implements HttpRequest {
  readonly connection: Connection;
  readonly response: ExchangeResponse;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** The connection closes after the reply. */
  isLast = false;
  readonly #incoming: IncomingMessage;
  readonly #bodyBytes: PeerCounter;
  /** Of an absolute-form target, which overrides the Host header (RFC 9112 section 3.2.2). */
  readonly #authority: string | undefined;

  /** `bodyBytes`: of all bodies that are being read. */
  constructor(
    connection: Connection,
    incoming: IncomingMessage,
    response: ExchangeResponse,
    bodyBytes: PeerCounter,
  ) {
    super();
    this.#bodyBytes = bodyBytes;
    this.connection = connection;
    this.response = response;
    this.#incoming = incoming;
    this.method = incoming.method ?? '';
    let target = incoming.url ?? '';
    if (target.charCodeAt(0) !== SLASH) {
      const absolute = ABSOLUTE_FORM.exec(target);
      this.#authority = absolute?.[1];
      if (absolute) target = absolute[2]?.startsWith('/') ? absolute[2] : `/${absolute[2] ?? ''}`;
    }
    ({ path: this.path, query: this.query } = splitTarget(target));
  }

  get headers(): Readonly<Record<string, string | undefined>> {
    // Only set-cookie can be a list there, and a server has no use for it.
    const headers = this.#incoming.headers as Record<string, string | undefined>;
    return this.#authority === undefined ? headers : { ...headers, host: this.#authority };
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  get isEncrypted(): boolean {
    return 'encrypted' in this.connection.socket;
  }

  /** Its body is not here to the last byte. */
  get isReceiving(): boolean {
    if (this.#incoming.complete) return false;
    const { headers } = this.#incoming;
    return (
      headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
    );
  }

  /** More of its body is to come than Node had better throw away for the sake of the connection's next request. */
  get hasMuchUnread(): boolean {
    if (!this.isReceiving) return false;
    const { headers } = this.#incoming;
    return (
      headers['transfer-encoding'] !== undefined ||
      !(Number(headers['content-length']) <= MAX_DISCARDED_BYTES)
    );
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const incoming = this.#incoming;
    const refusal = announcedTooLarge(incoming.headers['content-length'], limitBytes);
    if (refusal) return Promise.reject(refusal);
    if (incoming.headers.expect !== undefined) this.response.writeContinue();
    const { remoteAddress } = this;
    const announcedBytes = Number(incoming.headers['content-length']);
    return readBody(
      incoming,
      { limitBytes, announcedBytes, remoteAddress, bodyBytes: this.#bodyBytes },
      { onGone: (listener) => this.onClose(listener), refuseRest: () => incoming.resume() },
    );
  }
}

const SLASH = 0x2f;

/** A client that is still sending would see a reset connection instead of an early answer. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** "A server MUST accept the absolute-form in requests" (RFC 9112 section 3.2.2). */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i;
