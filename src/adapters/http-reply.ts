import type { HttpReply } from '../lib/http.ts';
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
  if (isAsyncIterable(body)) {
    response.writeHead(status, headers);
    if (exchange.method !== 'HEAD') return body;
    response.end();
    return undefined;
  }
  if (body === undefined) {
    // RFC 9110 section 8.6: no Content-Length in a 204; a 304's would be that of the 200.
    if (status !== 204 && status !== 304) headers.push('Content-Length', 0);
    response.writeHead(status, headers).end();
  } else if (typeof body === 'string') {
    headers.push('Content-Length', Buffer.byteLength(body));
    response.writeHead(status, headers).end(body);
  } else if (body instanceof Uint8Array) {
    headers.push('Content-Length', body.byteLength);
    response.writeHead(status, headers).end(body);
  } else {
    let byteLength = 0;
    for (const buffer of body) byteLength += buffer.byteLength;
    headers.push('Content-Length', byteLength);
    response.writeHead(status, headers);
    response.cork();
    for (const buffer of body) response.write(buffer);
    response.end();
  }
  return undefined;
}

/**
 * Sends a body as it comes, chunked, and reads it no faster than the client takes it. Rejects with what the body threw;
 * the client going away ends it quietly. `onSlow` is called when the client has not taken everything yet.
 */
export async function sendGrowing(
  exchange: Exchange,
  body: AsyncIterable<Uint8Array>,
  onSlow: () => void,
): Promise<void> {
  const { response } = exchange;
  const iterator = body[Symbol.asyncIterator]();
  response.on('drain', () => exchange.wakeSender());
  exchange.onClose(() => void iterator.return?.().catch(() => {}));
  for (;;) {
    const next = await iterator.next();
    if (exchange.isGone) return;
    if (next.done) break;
    if (response.write(next.value)) continue;
    onSlow();
    await exchange.drained();
    if (exchange.isGone) return;
  }
  response.end();
  onSlow();
}

/** An answer for a connection that has no request to answer: malformed, late, or one too many. */
export function plainReply(statusLine: string): string {
  return `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

function isAsyncIterable(body: HttpReply['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}
