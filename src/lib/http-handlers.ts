import type { HttpHandler, HttpReply, HttpRequest } from './http.ts';

/** Has the first handler that wants `request` answer it, at once where it can: `send` or `fail` is called, once. */
export function answerWith<Request extends HttpRequest>(
  handlers: readonly HttpHandler[],
  request: Request,
  send: (request: Request, reply: HttpReply) => void,
  fail: (request: Request, error: unknown) => void,
): void {
  try {
    const reply = firstReply(handlers, request);
    if (reply instanceof Promise) {
      reply.then(
        (late) => sendOrFail(request, late, send, fail),
        (error) => fail(request, error),
      );
    } else send(request, reply);
  } catch (error) {
    fail(request, error);
  }
}

/** What `send` throws is for `fail`. */
export function sendOrFail<Request>(
  request: Request,
  reply: HttpReply,
  send: (request: Request, reply: HttpReply) => void,
  fail: (request: Request, error: unknown) => void,
): void {
  try {
    send(request, reply);
  } catch (error) {
    fail(request, error);
  }
}

function firstReply(
  handlers: readonly HttpHandler[],
  request: HttpRequest,
): HttpReply | Promise<HttpReply> {
  for (const handler of handlers) {
    const reply = handler(request);
    if (reply !== undefined) return reply;
  }
  return NOT_FOUND;
}

const NOT_FOUND: HttpReply = { status: 404, headers: {} };

/** Of a handler that failed. */
export const INTERNAL_ERROR: HttpReply = { status: 500, headers: {} };
