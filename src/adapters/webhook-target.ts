import { DeliveryFailure } from '../domain/delivery-failure.ts';
import type { Envelope } from '../events/envelope.ts';
import type { EventTarget } from '../events/ports.ts';
import type { WebhookConfig } from '../events/target-file.ts';
import type { Clock } from '../lib/clock.ts';
import { signWebhook } from './webhook-signature.ts';

/** Nobody reads what a receiver answers; it is taken so that the connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Refusals that may pass, as those that EventBridge tries again. */
const PASSING_REFUSALS: ReadonlySet<number> = new Set([401, 407, 408, 409, 425, 429]);

/** `POST`s each event to a receiver, signed. Any 2xx says that it was taken; nothing is followed elsewhere. */
export class WebhookTarget implements EventTarget {
  readonly #config: WebhookConfig;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** Its path and query may be secrets. */
  readonly #host: string;

  constructor(config: WebhookConfig, clock: Pick<Clock, 'nowMs'>) {
    this.#config = config;
    this.#clock = clock;
    this.#host = new URL(config.url).host;
  }

  async deliver(envelope: Envelope, signal: AbortSignal): Promise<void> {
    const { url, secrets, timeoutMs } = this.#config;
    const body = JSON.stringify(envelope);
    // Not `AbortSignal.timeout`: its timer would outlive the request.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Ivory',
          'ivory-event-id': envelope.id,
          'ivory-signature': signWebhook(body, secrets, this.#clock.nowMs()),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, late.signal]),
      });
      await discard(response).catch(() => {});
      if (!response.ok) throw refusal(this.#host, response);
    } catch (cause) {
      if (cause instanceof DeliveryFailure) throw cause;
      const trouble = late.signal.aborted
        ? `did not answer within ${timeoutMs / 1000} s`
        : `can not be reached: ${reasonOf(cause)}`;
      throw new Error(`${this.#host} ${trouble}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** `fetch` says only that it failed, and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}

function refusal(host: string, { status, headers }: Response): DeliveryFailure {
  const isFinal = status >= 300 && status < 500 && !PASSING_REFUSALS.has(status);
  const retryAfter = headers.get('retry-after') ?? '';
  return new DeliveryFailure(`${host} answered ${status}`, {
    isFinal,
    ...(/^\d{1,6}$/.test(retryAfter) && { retryAfterMs: Number(retryAfter) * 1000 }),
  });
}

async function discard({ body }: Response): Promise<void> {
  let byteLength = 0;
  for await (const chunk of body ?? []) {
    byteLength += chunk.byteLength;
    if (byteLength > MAX_ANSWER_BYTES) return;
  }
}
