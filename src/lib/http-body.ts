import type { HttpReply } from './http.ts';

const NO_BUFFERS: readonly Uint8Array[] = [];

/** The length of a body where it is known. None in a 204; a 304's would be that of the 200 (RFC 9110 section 8.6). */
export function contentLength(reply: HttpReply): number | undefined {
  const { status, body } = reply;
  if (body === undefined) return status === 204 || status === 304 ? undefined : 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (isAsyncIterable(body)) return reply.byteLength;
  if (body instanceof Uint8Array) return body.byteLength;
  let byteLength = 0;
  for (const buffer of body) byteLength += buffer.byteLength;
  return byteLength;
}

export function isAsyncIterable(body: HttpReply['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

/** A body that is all there. */
export function buffersOf(
  body: Exclude<HttpReply['body'], AsyncIterable<Uint8Array>>,
): readonly Uint8Array[] {
  if (body === undefined) return NO_BUFFERS;
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}
