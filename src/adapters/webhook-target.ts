import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { DeliveryFailure } from '../domain/delivery-failure.ts';
import type { Envelope } from '../events/envelope.ts';
import type { EventTarget } from '../events/ports.ts';
import type { WebhookConfig } from '../events/target-file.ts';
import type { Clock } from '../lib/clock.ts';
import { http, loadHttps } from './node-http.ts';
import { signWebhook } from './webhook-signature.ts';

/** Nobody reads what a receiver answers; it is taken so that the connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Refusals that may pass, as those that EventBridge tries again. */
const PASSING_REFUSALS: ReadonlySet<number> = new Set([401, 407, 408, 409, 425, 429]);

/** `POST`s each event to a receiver, signed. Any 2xx says that it was taken; nothing is followed elsewhere. */
export class WebhookTarget implements EventTarget {
  readonly #config: WebhookConfig;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #url: URL;
  readonly #http: Pick<typeof http, 'Agent' | 'request'>;
  readonly #agent: Agent;

  constructor(config: WebhookConfig, clock: Pick<Clock, 'nowMs'>) {
    this.#config = config;
    this.#clock = clock;
    this.#url = new URL(config.url);
    this.#http = this.#url.protocol === 'https:' ? loadHttps() : http;
    this.#agent = new this.#http.Agent({ keepAlive: true });
  }

  async deliver(envelope: Envelope, signal: AbortSignal): Promise<void> {
    for (;;) {
      const request = this.#begin(envelope, signal);
      try {
        return await this.#answer(request);
      } catch (error) {
        // A receiver may close an idle connection at the very moment that it is used again: no sign of trouble.
        if (!request.reusedSocket || codeOf(error) !== 'ECONNRESET') throw this.#failure(error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  #begin(envelope: Envelope, signal: AbortSignal): ClientRequest {
    const body = JSON.stringify(envelope);
    const request = this.#http.request(this.#url, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Ivory',
        'ivory-event-id': envelope.id,
        'ivory-signature': signWebhook(body, this.#config.secrets, this.#clock.nowMs()),
      },
    });
    return request.end(body);
  }

  async #answer(request: ClientRequest): Promise<void> {
    const { timeoutMs } = this.#config;
    const answered = Promise.withResolvers<IncomingMessage>();
    const late = Promise.withResolvers<void>();
    // It settles by itself: where a connection was upgraded, destroying the request emits nothing any more.
    const timer = setTimeout(() => {
      const error = new Late(timeoutMs);
      answered.reject(error);
      late.resolve();
      request.destroy(error);
    }, timeoutMs);
    // Each time: a connection may fail after it has answered, too.
    request.on('error', answered.reject);
    request.once('response', answered.resolve);
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      answered.reject(this.#refused(response));
    });
    request.once('close', () => answered.reject(new Error('it closed without an answer')));
    try {
      const response = await answered.promise;
      await Promise.race([discard(response), late.promise]);
      const { statusCode: status = 0 } = response;
      if (!(status >= 200 && status < 300)) throw this.#refused(response);
    } finally {
      clearTimeout(timer);
    }
  }

  #refused({ statusCode: status = 0, headers }: IncomingMessage): DeliveryFailure {
    return refusal(`${this.#url.host} answered ${status}`, status, headers['retry-after']);
  }

  /** With the receiver's host only: path and query may be secrets. */
  #failure(error: unknown): Error {
    if (error instanceof DeliveryFailure) return error;
    const { host } = this.#url;
    const cause = { cause: error };
    if (error instanceof Late) return new Error(`${host} ${error.message}`, cause);
    return new Error(`${host} can not be reached: ${codeOf(error) ?? String(error)}`, cause);
  }
}

class Late extends Error {
  override name = 'Late';

  constructor(timeoutMs: number) {
    super(`did not answer within ${timeoutMs / 1000} s`);
  }
}

function refusal(message: string, status: number, retryAfter = ''): DeliveryFailure {
  const isFinal = status >= 300 && status < 500 && !PASSING_REFUSALS.has(status);
  return new DeliveryFailure(message, {
    isFinal,
    ...(/^\d{1,6}$/.test(retryAfter) && { retryAfterMs: Number(retryAfter) * 1000 }),
  });
}

/** Resolves when the answer is over, whole or not. */
function discard(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let byteLength = 0;
    response.on('data', (chunk: Uint8Array) => {
      byteLength += chunk.byteLength;
      if (byteLength > MAX_ANSWER_BYTES) response.destroy();
    });
    response.on('error', () => {});
    response.once('close', resolve);
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
