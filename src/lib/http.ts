/**
 * HTTP as the product's rooms see it: a request in, a reply out, no sockets. `adapters/http-server.ts` and
 * `adapters/http2-server.ts` are the only places that know Node's servers.
 */
export interface HttpRequest {
  readonly method: string;
  /** Path of the request-target exactly as received: percent-encoded, without the query. */
  readonly path: string;
  /** Query of the request-target exactly as received, without the question mark; '' where there is none. */
  readonly query: string;
  /** Names in lower case; repeated headers joined as RFC 9110 section 5.3 says. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string;
  /** Whether this hop was TLS. */
  readonly isEncrypted: boolean;
  /**
   * Reads the whole body. Rejects with `BodyTooLarge` past `limitBytes`, before buffering more than that, and with `TooManyBodies`
   * where clients have sent too much that is not complete yet.
   */
  body(limitBytes: number): Promise<Uint8Array>;
  /** Calls `listener` once if the client goes away before the reply was sent. */
  onClose(listener: () => void): void;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /**
   * Bytes are sent with a Content-Length, and a list of buffers without joining them. An async iterable is sent as it comes, and is
   * read no faster than the client takes it. Absent: an empty body.
   */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;
  /** Of an async iterable whose length is known: it is sent with that as its Content-Length. Absent: without one. */
  readonly byteLength?: number;
  /** This very object answers many requests: whoever encodes it may keep what comes out. */
  readonly isShared?: boolean;
}

/** Synchronous where it can be: a reply that is at hand costs no promise. `undefined`: not mine. */
export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply> | undefined;

export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';

  /** `found`: how many bytes there are, as far as it is known. */
  constructor(limitBytes: number, found: string) {
    super(`cannot take the body: at most ${limitBytes} bytes, got ${found}`);
  }
}

/** The same request may be answered in a moment. */
export class TooManyBodies extends Error {
  override name = 'TooManyBodies';

  constructor() {
    super('cannot take the body: too much is being received that is not complete yet');
  }
}
