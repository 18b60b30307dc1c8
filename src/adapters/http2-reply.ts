import type { OutgoingHttpHeaders } from 'node:http2';
import type { HttpReply } from '../lib/http.ts';
import { buffersOf, contentLength, isAsyncIterable } from '../lib/http-body.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { http } from './node-http.ts';

/**
 * What is handed to a stream at once. Small enough that a client that takes a little is seen to take something, and that the
 * many streams of a connection hold little; large enough that a segment is not a thousand writes.
 */
const PIECE_BYTES = 32 * 1024;

/**
 * Sends a reply. Returns a promise where the body takes more than one write: of its end, or of the client going away;
 * it rejects with what a body that grows threw.
 */
export function sendHttp2Reply(
  exchange: Http2Exchange,
  reply: HttpReply,
): Promise<void> | undefined {
  const { stream } = exchange;
  const { status, body } = reply;
  const headers: OutgoingHttpHeaders = { ':status': status };
  for (const name in reply.headers) {
    const value = reply.headers[name] ?? '';
    const lowerCaseName = name.toLowerCase();
    if (CONNECTION_SPECIFIC.has(lowerCaseName)) continue;
    // HTTP/2 could carry a line break; what it is translated to behind a proxy could not.
    http.validateHeaderValue(name, String(value));
    headers[lowerCaseName] = value;
  }
  const isWithoutBody = status === 204 || status === 304;
  const isHead = exchange.method === 'HEAD';
  const byteLength = contentLength(reply);
  if (isAsyncIterable(body)) {
    // The client itself looks whether it gets as much (RFC 9113 section 8.1.1).
    if (byteLength !== undefined && !isWithoutBody) headers['content-length'] = byteLength;
    stream.respond(headers);
    if (!isHead && !isWithoutBody) return sendPieces(exchange, body);
    exchange.end();
    return undefined;
  }
  if (!isWithoutBody) headers['content-length'] = byteLength ?? 0;
  const isEmpty = isHead || isWithoutBody || !byteLength;
  stream.respond(headers, { endStream: isEmpty });
  if (isEmpty) {
    exchange.end();
    return undefined;
  }
  const buffers = buffersOf(body);
  if (byteLength > PIECE_BYTES) return sendPieces(exchange, buffers);
  else exchange.end(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers, byteLength));
  return undefined;
}

/** Sends a body no faster than the client takes it, and reads one that grows no faster either. */
async function sendPieces(
  exchange: Http2Exchange,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const { stream } = exchange;
  stream.on('drain', () => exchange.wakeSender());
  const iterator =
    Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
  exchange.onClose(() => void Promise.resolve(iterator.return?.()).catch(() => {}));
  for (;;) {
    // Nothing is under way while more has to grow: nobody is slow then.
    exchange.tookAtMs = undefined;
    const next = await iterator.next();
    if (exchange.isGone) return;
    exchange.tookAtMs = performance.now();
    if (next.done) break;
    for (let offset = 0; offset < next.value.byteLength; offset += PIECE_BYTES) {
      if (stream.write(next.value.subarray(offset, offset + PIECE_BYTES))) continue;
      await exchange.drained();
      if (exchange.isGone) return;
      exchange.tookAtMs = performance.now();
    }
  }
  exchange.end();
}

/** "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields" (RFC 9113 section 8.2.2). */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
