import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { HttpRequest } from '../lib/http.ts';
import type { PeerCounter } from '../lib/peer-counter.ts';
import { announcedTooLarge, ClientExchange, splitTarget } from './client-exchange.ts';
import { loadHttp2 } from './node-http.ts';
import { readBody } from './request-body.ts';

/** One request on an HTTP/2 connection and its answer: the `HttpRequest` that handlers see, over Node's stream. */
export class Http2Exchange extends ClientExchange implements HttpRequest {
  readonly stream: ServerHttp2Stream;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** With `host` whichever way it was said. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string;
  readonly isEncrypted = true;
  readonly beganAtMs: number;
  /** When the client last took something of the reply; undefined until there is one. */
  tookAtMs: number | undefined;
  /** When the first of it was sent. */
  repliedAtMs = 0;
  readonly #bodyBytes: PeerCounter;
  #hasEnded = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: {
      readonly remoteAddress: string;
      readonly nowMs: number;
      /** Of all bodies that are being read. */
      readonly bodyBytes: PeerCounter;
    },
  ) {
    super();
    const { remoteAddress, nowMs } = options;
    this.#bodyBytes = options.bodyBytes;
    this.stream = stream;
    this.remoteAddress = remoteAddress;
    this.beganAtMs = nowMs;
    // "An intermediary that converts a request from HTTP/2 to HTTP/1.1 MUST create a Host header field [...] by copying the
    // value of the :authority" (RFC 9113 section 8.3.1): handlers see the request as it would be there.
    headers.host ??= headers[':authority'];
    // Only set-cookie can be a list there, and a server has no use for it.
    this.headers = headers as Record<string, string | undefined>;
    this.method = headers[':method'] ?? '';
    ({ path: this.path, query: this.query } = splitTarget(headers[':path'] ?? ''));
  }

  /** Its body is not here to the last byte. */
  get isReceiving(): boolean {
    const { stream } = this;
    const { NGHTTP2_STREAM_STATE_OPEN } = loadHttp2().constants;
    return !stream.endAfterHeaders && stream.state.state === NGHTTP2_STREAM_STATE_OPEN;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const { stream } = this;
    const refusal = announcedTooLarge(this.headers['content-length'], limitBytes);
    if (refusal) return Promise.reject(refusal);
    if (this.headers['expect'] !== undefined) stream.additionalHeaders({ ':status': 100 });
    // What else comes stays with the client: its flow-control window is not opened any more.
    const { remoteAddress } = this;
    const announcedBytes = Number(this.headers['content-length']);
    return readBody(
      stream,
      { limitBytes, announcedBytes, remoteAddress, bodyBytes: this.#bodyBytes },
      { onGone: (listener) => this.onClose(listener), refuseRest: () => stream.pause() },
    );
  }

  /** Sends the last of the reply; of the request no more is taken. */
  end(bytes?: Uint8Array): void {
    const { stream } = this;
    this.#hasEnded = true;
    if (this.isReceiving) {
      // "a server MAY request that the client abort transmission of a request without error" (RFC 9113 section 8.1).
      stream.once('finish', () => stream.close(loadHttp2().constants.NGHTTP2_NO_ERROR));
    }
    stream.end(bytes);
    // Node keeps a stream until somebody took the end of its request, too.
    stream.resume();
  }

  /** Called once by the server when the stream is closed. */
  closed(): void {
    const { NGHTTP2_NO_ERROR } = loadHttp2().constants;
    if (this.#hasEnded && !this.stream.aborted && this.stream.rstCode === NGHTTP2_NO_ERROR) {
      this.forgetCloseListeners();
    } else this.clientGone();
  }
}
