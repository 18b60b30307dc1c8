import type { HttpHandler, HttpReply, HttpRequest } from '../../lib/http.ts';

/** A reply that a test gives when it likes. */
export function parking() {
  const requests: { request: HttpRequest; reply: (reply: HttpReply) => void }[] = [];
  let wake: (() => void) | undefined;
  const handler: HttpHandler = (request) =>
    new Promise<HttpReply>((reply) => {
      requests.push({ request, reply });
      wake?.();
    });
  const arrived = async (count: number) => {
    while (requests.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return requests;
  };
  return { handler, arrived };
}
