import type { Clock } from '../lib/clock.ts';
import type { Envelope } from './envelope.ts';
import type { EventTarget } from './ports.ts';

/** How long one attempt may take, whatever a target makes of its own time limits: a webhook's may be 60 s. */
const ATTEMPT_TIMEOUT_MS = 90_000;

/** Attempts to deliver that end in time, even where the target does not: nobody else would wake who waits for them. */
export class DeliveryAttempts {
  readonly #target: EventTarget;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #aborts = new Set<AbortController>();

  constructor(target: EventTarget, clock: Pick<Clock, 'after'>) {
    this.#target = target;
    this.#clock = clock;
  }

  /** As `EventTarget.deliver`. */
  async deliver(envelope: Envelope): Promise<void> {
    const abort = new AbortController();
    const { signal } = abort;
    const over = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => over.reject(signal.reason));
    const endPatience = this.#clock.after(ATTEMPT_TIMEOUT_MS, () =>
      abort.abort(new Error(`there was no answer within ${ATTEMPT_TIMEOUT_MS / 1000} s`)),
    );
    this.#aborts.add(abort);
    try {
      await Promise.race([this.#target.deliver(envelope, signal), over.promise]);
    } finally {
      endPatience();
      this.#aborts.delete(abort);
    }
  }

  /** Those that are under way reject at once. */
  abort(): void {
    for (const abort of this.#aborts) abort.abort();
  }
}
