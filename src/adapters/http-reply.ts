import type { HttpReply } from '../lib/http.ts';
import { contentLength, isAsyncIterable } from '../lib/http-body.ts';
import type { ClientExchange } from './client-exchange.ts';
import type { Exchange } from './http-exchange.ts';

/**
 * Sends a reply: head and body in one gathered write. Returns the body instead where it grows, with the head sent along with its
 * first bytes.
 */
export function writeReply(
  exchange: Exchange,
  reply: HttpReply,
): AsyncIterable<Uint8Array> | undefined {
  const { response } = exchange;
  const { status, body } = reply;
  const headers: (string | number)[] = [];
  for (const name in reply.headers) headers.push(name, reply.headers[name] ?? '');
  if (exchange.isLast) headers.push('Connection', 'close');
  const byteLength = contentLength(reply);
  if (byteLength !== undefined) headers.push('Content-Length', byteLength);
  if (isAsyncIterable(body)) {
    // A body that is shorter or longer than announced fails, then: the next answer would be read for a part of it.
    response.strictContentLength = byteLength !== undefined;
    response.writeHead(status, headers);
    if (exchange.method !== 'HEAD') return body;
    response.end();
    return undefined;
  }
  response.writeHead(status, headers);
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body);
  } else {
    response.cork();
    for (const buffer of body) response.write(buffer);
    response.end();
  }
  return undefined;
}

/** Where a body that grows is written to. */
export interface BodySink {
  /** `false`: the client has not taken everything yet. */
  write(bytes: Uint8Array): boolean;
  end(): void;
}

/**
 * Sends a body as it comes, and reads it no faster than the client takes it: somebody wakes the exchange's sender when it
 * has. Rejects with what the body threw; the client going away ends it quietly. `onSlow` is called when the client has not taken
 * everything yet.
 */
export async function sendGrowing(
  exchange: ClientExchange,
  sink: BodySink,
  body: AsyncIterable<Uint8Array>,
  onSlow: () => void,
): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  exchange.onClose(() => void iterator.return?.().catch(() => {}));
  for (;;) {
    const next = await iterator.next();
    if (exchange.isGone) return;
    if (next.done) break;
    if (sink.write(next.value)) continue;
    onSlow();
    await exchange.drained();
    if (exchange.isGone) return;
  }
  sink.end();
  onSlow();
}

/** An answer for a connection that has no request to answer: malformed, late, or one too many. */
export function plainReply(statusLine: string): string {
  return `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
