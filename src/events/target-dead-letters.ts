import type { Clock } from '../lib/clock.ts';
import type { PendingEvent } from './delivery-window.ts';
import type { Outbox } from './ports.ts';

/** The dead letters of one target, as far as deliveries have to know of them. */
export class TargetDeadLetters {
  readonly #target: string;
  readonly #outbox: Pick<Outbox, 'addDeadLetters' | 'removeDeadLetter'>;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** Sequences of events of which a crash has left a dead letter, and no word that the target is past them. */
  readonly #left: Set<number>;

  constructor(options: {
    readonly target: string;
    readonly left: readonly number[];
    readonly outbox: Pick<Outbox, 'addDeadLetters' | 'removeDeadLetter'>;
    readonly clock: Pick<Clock, 'nowMs'>;
  }) {
    this.#target = options.target;
    this.#left = new Set(options.left);
    this.#outbox = options.outbox;
    this.#clock = options.clock;
  }

  has({ event, isReplay }: PendingEvent): boolean {
    return isReplay || this.#left.has(event.sequence);
  }

  add(events: readonly PendingEvent[], reason: string): Promise<void> {
    const failedAtMs = this.#clock.nowMs();
    const common = { target: this.#target, reason, failedAtMs, isReplaying: false };
    return this.#outbox.addDeadLetters(
      events.map(({ event, attempts }) => ({ ...common, event, attempts })),
    );
  }

  remove({ event }: PendingEvent): Promise<void> {
    return this.#outbox.removeDeadLetter(this.#target, event.sequence);
  }

  /** The target is past the event: it does not come a second time. */
  passed({ event }: PendingEvent): void {
    this.#left.delete(event.sequence);
  }

  forget(): void {
    this.#left.clear();
  }
}
