import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { BodyTooLarge, type HttpRequest } from '../lib/http.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_STREAM_STATE_OPEN } = constants;

/** One request on an HTTP/2 connection and its answer: the `HttpRequest` that handlers see, over Node's stream. */
export class Http2Exchange implements HttpRequest {
  readonly stream: ServerHttp2Stream;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** With `host` whichever way it was said. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: string;
  readonly isEncrypted = true;
  readonly beganAtMs: number;
  /** Set once nothing that is sent any more arrives. */
  isGone = false;
  /** When the client last took something of the reply; undefined until there is one. */
  tookAtMs: number | undefined;
  /** When the first of it was sent. */
  repliedAtMs = 0;
  #hasEnded = false;
  #closeListeners: (() => void)[] | undefined;
  #wakeSender: (() => void) | undefined;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    remoteAddress: string,
    nowMs: number,
  ) {
    this.stream = stream;
    this.remoteAddress = remoteAddress;
    this.beganAtMs = nowMs;
    // "An intermediary that converts a request from HTTP/2 to HTTP/1.1 MUST create a Host header field [...] by copying the
    // value of the :authority" (RFC 9113 section 8.3.1): handlers see the request as it would be there.
    headers.host ??= headers[':authority'];
    // Only set-cookie can be a list there, and a server has no use for it.
    this.headers = headers as Record<string, string | undefined>;
    this.method = headers[':method'] ?? '';
    const target = headers[':path'] ?? '';
    const questionMark = target.indexOf('?');
    this.path = questionMark < 0 ? target : target.slice(0, questionMark);
    this.query = questionMark < 0 ? '' : target.slice(questionMark + 1);
  }

  /** Its body is not here to the last byte. */
  get isReceiving(): boolean {
    const { stream } = this;
    return !stream.endAfterHeaders && stream.state.state === NGHTTP2_STREAM_STATE_OPEN;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const { stream } = this;
    const announced = this.headers['content-length'];
    if (announced !== undefined && Number(announced) > limitBytes) {
      return Promise.reject(bodyTooLarge(limitBytes, announced));
    }
    if (this.headers['expect'] !== undefined) stream.additionalHeaders({ ':status': 100 });
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      let byteLength = 0;
      const onData = (chunk: Uint8Array) => {
        byteLength += chunk.byteLength;
        if (byteLength > limitBytes) {
          // What else comes stays with the client: its flow-control window is not opened any more.
          stream.off('data', onData).pause();
          reject(bodyTooLarge(limitBytes, `${byteLength} so far`));
          return;
        }
        chunks.push(chunk);
      };
      stream.on('data', onData);
      stream.once('end', () => {
        const [first] = chunks;
        resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, byteLength));
      });
      this.onClose(() => reject(new Error('cannot read the body: the client went away')));
    });
  }

  onClose(listener: () => void): void {
    if (this.isGone) return;
    this.#closeListeners ??= [];
    this.#closeListeners.push(listener);
  }

  /** Sends the last of the reply; of the request no more is taken. */
  end(bytes?: Uint8Array): void {
    const { stream } = this;
    this.#hasEnded = true;
    if (this.isReceiving) {
      // "a server MAY request that the client abort transmission of a request without error" (RFC 9113 section 8.1).
      stream.once('finish', () => stream.close(NGHTTP2_NO_ERROR));
    }
    stream.end(bytes);
    // Node keeps a stream until somebody took the end of its request, too.
    stream.resume();
  }

  /** Called once by the server when the stream is closed. */
  closed(): void {
    if (this.#hasEnded && !this.stream.aborted && this.stream.rstCode === NGHTTP2_NO_ERROR) {
      this.#closeListeners = undefined;
    } else this.clientGone();
  }

  clientGone(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.wakeSender();
    const listeners = this.#closeListeners ?? [];
    this.#closeListeners = undefined;
    for (const listener of listeners) listener();
  }

  /** Resolves when the client took what was sent, or went away. */
  drained(): Promise<void> {
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeSender = resolve;
    });
  }

  wakeSender(): void {
    const wake = this.#wakeSender;
    this.#wakeSender = undefined;
    wake?.();
  }
}

function bodyTooLarge(limitBytes: number, found: string): BodyTooLarge {
  return new BodyTooLarge(`cannot take the body: at most ${limitBytes} bytes, got ${found}`);
}
