import type { HttpReply, HttpRequest } from '../lib/http.ts';

/**
 * What is said of topic `http`. The subject is a request's number, which its worker gave it; it is used again once both sides are
 * done with the request.
 */

/** The worker asks. The payload is the request's body. */
export interface Question
  extends Pick<
    HttpRequest,
    'method' | 'path' | 'query' | 'headers' | 'remoteAddress' | 'isEncrypted'
  > {
  /** Why there is no body, though there should be. */
  readonly bodyFault?: 'too-large' | 'broken';
}

/** From a worker. `gone`: nobody waits for the reply any more. Without a detail: the next piece of its body, please. */
export type WorkerMessage = Question | 'gone' | undefined;

/** The main thread answers. */
export interface ReplyHead extends Pick<HttpReply, 'status' | 'headers'> {
  /** `whole`: it is the payload. `pieces`: the payload is what there is of it at once, the rest is to be asked for. */
  readonly body: 'none' | 'whole' | 'pieces';
  /** Of the whole body that comes in pieces, where it is known. */
  readonly byteLength?: number;
}

/** From the main thread. Without a detail: a piece that was asked for. */
export type HostMessage = ReplyHead | 'end' | 'broken' | undefined;

/** Whether nobody reads a body, and its pieces therefore are not asked for (RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5). */
export const isBodiless = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304;
