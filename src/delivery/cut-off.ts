import { refuseToken } from '../domain/playback-refusal.ts';
import type { HttpReply, HttpRequest } from '../lib/http.ts';
import type { ViewingSession } from './viewing-session.ts';

/**
 * A reply that ends when its session is cut: one that is parked is refused at that moment, and a segment that grows grows no
 * more. Without a session there is nothing to cut.
 */
export function untilCut(
  session: ViewingSession | undefined,
  request: HttpRequest,
  reply: HttpReply | Promise<HttpReply>,
): HttpReply | Promise<HttpReply> {
  if (!session) return reply;
  if (!(reply instanceof Promise)) return withEndingBody(session, reply);
  const { cutListeners } = session;
  const { promise: cut, resolve: onCut } = Promise.withResolvers<void>();
  cutListeners.add(onCut);
  request.onClose(() => cutListeners.delete(onCut));
  return Promise.race([
    reply.then((late) => withEndingBody(session, late)),
    cut.then(() => refuseToken('playback session is not valid')),
  ]).finally(() => cutListeners.delete(onCut));
}

function withEndingBody(session: ViewingSession, reply: HttpReply): HttpReply {
  const { body } = reply;
  const isGrowing = typeof body === 'object' && Symbol.asyncIterator in body;
  return isGrowing ? { ...reply, body: endingBody(session, body) } : reply;
}

async function* endingBody(
  { cutListeners, isCut }: ViewingSession,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (isCut) return;
  const { promise: cut, resolve: onCut } = Promise.withResolvers<undefined>();
  const listener = () => onCut(undefined);
  const iterator = body[Symbol.asyncIterator]();
  cutListeners.add(listener);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), cut]);
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    cutListeners.delete(listener);
    // Not awaited: it may wait for the next part.
    void iterator.return?.();
  }
}
