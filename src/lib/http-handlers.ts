import type { HttpHandler, HttpReply, HttpRequest } from './http.ts';

/**
 * The turns of requests that could not be answered at once. A part releases all that wait for it: thousands in one go would hold up
 * the viewers and the encoders of all other channels.
 */
export interface LateTurns {
  /** Whether it may be answered now. */
  take(): boolean;
  /** `proceed` is called once, later. */
  wait(waiting: { proceed(): void }): void;
}

/** Has the first handler that wants `request` answer it, at once where it can: `send` or `fail` is called, once. */
export function answerWith<Request extends HttpRequest>(
  handlers: readonly HttpHandler[],
  request: Request,
  send: (request: Request, reply: HttpReply) => void,
  fail: (request: Request, error: unknown) => void,
  turns?: LateTurns,
): void {
  try {
    const reply = firstReply(handlers, request);
    if (reply instanceof Promise) {
      reply.then(
        (late) => {
          const proceed = () => sendOrFail(request, late, send, fail);
          if (turns === undefined || turns.take()) proceed();
          else turns.wait({ proceed });
        },
        (error) => fail(request, error),
      );
    } else send(request, reply);
  } catch (error) {
    fail(request, error);
  }
}

function sendOrFail<Request>(
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
