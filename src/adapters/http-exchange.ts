import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BodyTooLarge, type HttpRequest } from '../lib/http.ts';

/** One client's connection and the requests on it that are not answered to the last byte. */
export interface Connection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** What it is counted by; undefined where it is not counted, or not here. */
  readonly addressKey: string | undefined;
  /** More than one only when the client pipelines. */
  readonly exchanges: Exchange[];
  /** When the sweep first saw bytes that the client had not taken; undefined while there are none. */
  sendingSinceMs: number | undefined;
  /** Answered with an error of its own; waits a moment for the client to read it. */
  closeAtMs: number | undefined;
}

/** Node's response, which knows its exchange: the shared 'close' listener needs no closure a request. */
export class ExchangeResponse extends ServerResponse {
  exchange: Exchange | undefined;
}

/** One request and its answer: the `HttpRequest` that handlers see, over Node's pair of objects. */
export class Exchange implements HttpRequest {
  readonly connection: Connection;
  readonly response: ExchangeResponse;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Set once the connection is gone: nothing that is sent any more arrives. */
  isGone = false;
  /** The connection closes after the reply. */
  isLast = false;
  readonly #incoming: IncomingMessage;
  /** Of an absolute-form target, which overrides the Host header (RFC 9112 section 3.2.2). */
  readonly #authority: string | undefined;
  #closeListeners: (() => void)[] | undefined;
  #wakeSender: (() => void) | undefined;

  constructor(connection: Connection, incoming: IncomingMessage, response: ExchangeResponse) {
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
    const questionMark = target.indexOf('?');
    this.path = questionMark < 0 ? target : target.slice(0, questionMark);
    this.query = questionMark < 0 ? '' : target.slice(questionMark + 1);
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
    const announced = this.#incoming.headers['content-length'];
    if (announced !== undefined && Number(announced) > limitBytes) {
      return Promise.reject(bodyTooLarge(limitBytes, announced));
    }
    if (this.#incoming.headers.expect !== undefined) this.response.writeContinue();
    return new Promise((resolve, reject) => {
      const incoming = this.#incoming;
      const chunks: Uint8Array[] = [];
      let byteLength = 0;
      const onData = (chunk: Uint8Array) => {
        byteLength += chunk.byteLength;
        if (byteLength > limitBytes) {
          incoming.off('data', onData).resume();
          reject(bodyTooLarge(limitBytes, `${byteLength} so far`));
          return;
        }
        chunks.push(chunk);
      };
      incoming.on('data', onData);
      incoming.once('end', () => {
        const [first] = chunks;
        resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks, byteLength));
      });
      incoming.once('error', reject);
      this.onClose(() => reject(new Error('cannot read the body: the client went away')));
    });
  }

  onClose(listener: () => void): void {
    if (this.isGone) return;
    this.#closeListeners ??= [];
    this.#closeListeners.push(listener);
  }

  /** Called once by the server when the connection closes under an unfinished exchange. */
  clientGone(): void {
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

const SLASH = 0x2f;

/** A client that is still sending would see a reset connection instead of an early answer. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** "A server MUST accept the absolute-form in requests" (RFC 9112 section 3.2.2). */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i;

function bodyTooLarge(limitBytes: number, found: string): BodyTooLarge {
  return new BodyTooLarge(`cannot take the body: at most ${limitBytes} bytes, got ${found}`);
}
