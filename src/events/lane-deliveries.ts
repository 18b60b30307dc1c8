import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { DeliveryAttempts } from './delivery-attempts.ts';
import type { DeliveryCounts } from './delivery-counts.ts';
import type { DeliveryWindow, Lane, PendingEvent } from './delivery-window.ts';
import { envelopeOf } from './envelope.ts';
import type { EventTarget } from './ports.ts';
import { isHopeless, pauseMs, STORE_PAUSE_MS, stuckEvents } from './retry-policy.ts';
import type { TargetDeadLetters } from './target-dead-letters.ts';

/** Channels that are told of at once. */
const MAX_IN_FLIGHT = 16;
const WARNING_INTERVAL_MS = 60_000;
/** How long what is under way may take when it is over. */
const CLOSE_PATIENCE_MS = 1000;

export interface LaneDeliveriesOptions {
  readonly target: EventTarget;
  readonly counts: DeliveryCounts;
  readonly letters: TargetDeadLetters;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  /** A lane waits for its next attempt, and with it perhaps all the others. */
  readonly onPaused: () => void;
  /** The target has had these events, or they were given up. */
  readonly onFinished: (events: readonly PendingEvent[]) => void;
}

/** Delivers what is in a target's window: the lanes beside each other, each lane's head until it is taken or given up. */
export class LaneDeliveries {
  readonly #options: LaneDeliveriesOptions;
  readonly #counts: DeliveryCounts;
  readonly #letters: TargetDeadLetters;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #attempts: DeliveryAttempts;
  #window: DeliveryWindow;
  /** Lanes that wait for their next attempt. */
  readonly #paused = new Map<Lane, CancelTimer>();
  readonly #inFlight = new Set<Promise<void>>();
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(window: DeliveryWindow, options: LaneDeliveriesOptions) {
    this.#window = window;
    this.#options = options;
    this.#counts = options.counts;
    this.#letters = options.letters;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#attempts = new DeliveryAttempts(options.target, options.clock);
  }

  /** There may be lanes that can be delivered from. */
  start(): void {
    while (!this.#isClosed && this.#inFlight.size < MAX_IN_FLIGHT) {
      const lane = this.#window.take();
      if (!lane) return;
      this.#track(this.#deliver(lane, this.#window));
    }
  }

  /** Gives up what of the lane holds up the others, if it does. */
  giveUpStuck(lane: Lane): void {
    const endPause = this.#paused.get(lane);
    if (!endPause) return;
    const stuck = stuckEvents(lane, this.#counts.delivered, MAX_IN_FLIGHT);
    const [head] = stuck;
    if (!head?.failure) return;
    endPause();
    const reason = `its channel held up the others: ${head.failure.reason}`;
    this.#track(this.#giveUp(lane, stuck, reason));
  }

  /** The same of those that hold up other dead letters. */
  giveUpStuckReplays(): void {
    for (const lane of [...this.#paused.keys()]) {
      if (lane.queue[0]?.isReplay) this.giveUpStuck(lane);
    }
  }

  /** Goes on with this window, and forgets what was to be delivered of the other. */
  forget(window: DeliveryWindow): void {
    this.#window = window;
    this.#letters.forget();
    this.#endPauses();
  }

  /** Lets what is under way finish, for a moment. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endPauses();
    const endPatience = this.#clock.after(CLOSE_PATIENCE_MS, () => this.#attempts.abort());
    await Promise.all(this.#inFlight);
    endPatience();
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#inFlight.delete(tracked);
      this.start();
    });
    this.#inFlight.add(tracked);
  }

  async #deliver(lane: Lane, window: DeliveryWindow): Promise<void> {
    const [pending] = lane.queue;
    if (!pending) return;
    pending.attempts++;
    try {
      await this.#attempts.deliver(envelopeOf(pending.event));
    } catch (error) {
      if (this.#isClosed || window !== this.#window) return;
      await this.#failed(lane, pending, error);
      return;
    }
    this.#counts.delivered++;
    if (window !== this.#window) return;
    if (!this.#letters.has(pending)) this.#finish(lane, [pending]);
    else await this.#settle(lane, [pending], () => this.#letters.remove(pending));
  }

  async #failed(lane: Lane, pending: PendingEvent, error: unknown): Promise<void> {
    this.#counts.failed++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#warn(reason);
    const { attempts, sinceMs } = pending;
    const deliveredBefore = pending.failure?.deliveredBefore ?? this.#counts.delivered;
    pending.failure = { reason, deliveredBefore };
    if (isHopeless(attempts, this.#clock.nowMs() - sinceMs, error)) {
      await this.#giveUp(lane, [pending], reason);
      return;
    }
    this.#pause(lane, pauseMs(attempts, error, this.#options.random));
    this.#options.onPaused();
  }

  /** Once in a while: a target that is away has many channels. */
  #warn(reason: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#warnedAtMs < WARNING_INTERVAL_MS) return;
    this.#warnedAtMs = nowMs;
    this.#log.warn({ ...this.#counts, reason }, 'cannot deliver events; trying again');
  }

  async #giveUp(lane: Lane, given: readonly PendingEvent[], reason: string): Promise<void> {
    const [head] = given;
    this.#log.error(
      { event: head?.event.id, events: given.length, attempts: head?.attempts, reason },
      'gave up delivering events: they are dead letters',
    );
    await this.#settle(lane, given, async () => {
      await this.#letters.add(given, reason);
      this.#counts.deadLettered += given.length;
    });
  }

  /** Writes down how the first of a lane ended, and goes on to the next. */
  async #settle(
    lane: Lane,
    settled: readonly PendingEvent[],
    write: () => Promise<void>,
  ): Promise<void> {
    const window = this.#window;
    try {
      await write();
    } catch (error) {
      this.#log.error({ err: error }, 'cannot write down how a delivery ended');
      if (window === this.#window) this.#pause(lane, STORE_PAUSE_MS);
      return;
    }
    if (window === this.#window) this.#finish(lane, settled);
  }

  #finish(lane: Lane, finished: readonly PendingEvent[]): void {
    this.#window.done(lane, finished.length);
    for (const pending of finished) {
      if (!pending.isReplay) this.#letters.passed(pending);
    }
    this.#options.onFinished(finished);
    this.start();
  }

  #pause(lane: Lane, delayMs: number): void {
    if (this.#isClosed) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#paused.delete(lane);
      this.#window.ready(lane);
      this.start();
    });
    this.#paused.set(lane, () => {
      this.#paused.delete(lane);
      cancel();
    });
  }

  #endPauses(): void {
    for (const endPause of this.#paused.values()) endPause();
  }
}
