import type { HttpReply } from '../lib/http.ts';
import { contentLength, isAsyncIterable } from '../lib/http-body.ts';
import { assertField } from '../lib/http-fields.ts';
import { http } from './node-http.ts';

/** A reply as it is written to a connection. */
export interface EncodedReply {
  /** The head, and the body behind it where `isWhole`. */
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  /** The connection closes behind it. */
  readonly isLast: boolean;
}

/**
 * A body of this size is copied behind its head: one write of it costs less than two, and what is shared is copied once. Not so a list
 * of buffers: it is media, of which each copy is a step towards a collection of the whole heap.
 */
const MAX_COPIED_BODY_BYTES = 2 * 1024;
const MAX_SHARED_BODY_BYTES = 64 * 1024;

const CONNECTION = /^connection$/i;

function wantsClose({ headers }: HttpReply): boolean {
  for (const name in headers) {
    if (CONNECTION.test(name)) return String(headers[name]).toLowerCase() === 'close';
  }
  return false;
}

/** Makes bytes of replies to HTTP/1.1 requests; of those that are shared once a second, for the sake of their Date. */
export class ReplyEncoder {
  readonly #keepAlive: string;
  readonly #nowMs: () => number;
  #shared = new WeakMap<HttpReply, EncodedReply>();
  #second = 0;
  /** RFC 9110 section 5.6.7. */
  #date = '';

  /** `nowMs`: since the Unix epoch. */
  constructor(keepAliveTimeoutMs: number, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    const seconds = Math.floor(keepAliveTimeoutMs / 1000);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
  }

  /**
   * `isClosing`: the server wants the connection to end; the reply may want it, too.
   *
   * @throws TypeError where a header is none
   */
  encode(reply: HttpReply, isClosing: boolean): EncodedReply {
    this.#refreshDate();
    const isLast = isClosing || wantsClose(reply);
    if (!reply.isShared || isLast) return this.#encode(reply, isLast, MAX_COPIED_BODY_BYTES);
    let encoded = this.#shared.get(reply);
    if (!encoded) {
      const isList = Array.isArray(reply.body);
      encoded = this.#encode(reply, isLast, isList ? MAX_COPIED_BODY_BYTES : MAX_SHARED_BODY_BYTES);
      this.#shared.set(reply, encoded);
    }
    return encoded;
  }

  #encode(reply: HttpReply, isLast: boolean, maxCopiedBytes: number): EncodedReply {
    const { body } = reply;
    const byteLength = contentLength(reply);
    const head = this.#head(reply, byteLength, isLast);
    const isCopied =
      byteLength !== undefined && byteLength <= maxCopiedBytes && !isAsyncIterable(body);
    if (!isCopied) {
      return { bytes: Buffer.from(head, 'latin1'), isWhole: byteLength === undefined, isLast };
    }
    const bytes = Buffer.allocUnsafe(head.length + byteLength);
    let offset = bytes.write(head, 'latin1');
    if (typeof body === 'string') bytes.write(body, offset);
    else if (body instanceof Uint8Array) bytes.set(body, offset);
    else {
      for (const buffer of body ?? []) {
        bytes.set(buffer, offset);
        offset += buffer.byteLength;
      }
    }
    return { bytes, isWhole: true, isLast };
  }

  #head({ status, headers, body }: HttpReply, byteLength: number | undefined, isLast: boolean) {
    let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n`;
    for (const name in headers) {
      const value = String(headers[name] ?? '');
      assertField(status, name, value);
      // Said once, below.
      if (!CONNECTION.test(name)) head += `${name}: ${value}\r\n`;
    }
    head += `Date: ${this.#date}\r\n${isLast ? 'Connection: close\r\n' : this.#keepAlive}`;
    if (byteLength !== undefined) head += `Content-Length: ${byteLength}\r\n`;
    else if (isAsyncIterable(body)) head += 'Transfer-Encoding: chunked\r\n';
    return `${head}\r\n`;
  }

  #refreshDate(): void {
    const second = Math.floor(this.#nowMs() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#date = new Date(second * 1000).toUTCString();
    this.#shared = new WeakMap();
  }
}
