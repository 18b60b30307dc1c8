import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { DeliveryCounts } from './delivery-counts.ts';
import { DeliveryWindow, type PendingEvent } from './delivery-window.ts';
import { envelopeOf } from './envelope.ts';
import type { EventPattern } from './event-pattern.ts';
import { LaneDeliveries } from './lane-deliveries.ts';
import type { EventTarget, Outbox } from './ports.ts';
import { ReplayFeed } from './replay-feed.ts';
import { STORE_PAUSE_MS } from './retry-policy.ts';
import { TargetDeadLetters } from './target-dead-letters.ts';

const READ_BATCH = 100;

/** Brings one target its events: a channel's in order, several channels at once, again until they are taken or given up. */
export class TargetDelivery {
  readonly name: string;
  readonly counts: DeliveryCounts = { delivered: 0, failed: 0, deadLettered: 0, lost: 0 };
  readonly #target: EventTarget;
  readonly #pattern: EventPattern | undefined;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onProgress: () => void;
  readonly #deliveries: LaneDeliveries;
  readonly #replays: ReplayFeed;
  /** Reads that wait for the store. */
  readonly #retries = new Set<CancelTimer>();
  #window: DeliveryWindow;
  #isReading = false;
  #hasMore = true;
  #isClosed = false;

  constructor(options: {
    readonly name: string;
    readonly target: EventTarget;
    readonly pattern: EventPattern | undefined;
    /** Up to where it has had everything. */
    readonly cursor: number;
    /** Sequences of its dead letters that are beyond. */
    readonly leftLetters: readonly number[];
    readonly outbox: Outbox;
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly log: Logger;
    /** The cursor may have moved. */
    readonly onProgress: () => void;
  }) {
    const { name, target, outbox, clock } = options;
    this.name = name;
    this.#target = target;
    this.#pattern = options.pattern;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#log = options.log.child({ target: name });
    this.#onProgress = options.onProgress;
    this.#window = new DeliveryWindow(options.cursor);
    this.#replays = new ReplayFeed(name, outbox);
    this.#deliveries = new LaneDeliveries(this.#window, {
      target,
      counts: this.counts,
      letters: new TargetDeadLetters({ target: name, left: options.leftLetters, outbox, clock }),
      clock,
      random: options.random,
      log: this.#log,
      onPaused: () => this.#unblock(),
      onFinished: (events) => this.#finished(events),
    });
  }

  get cursor(): number {
    return this.#window.cursor;
  }

  /** When the oldest event was recorded that the target has not had; `undefined` where it has had all. */
  get waitingSinceMs(): number | undefined {
    return this.#window.oldest?.recordedAtMs;
  }

  /** There may be events that were not read yet. */
  wake(): void {
    this.#hasMore = true;
    void this.#read();
  }

  /** There may be dead letters to deliver once more. */
  replay(): void {
    this.#replays.rewind();
    void this.#loadReplays();
  }

  /** Forgets all that it was about to deliver up to `cursor`. */
  forget(cursor: number): void {
    this.#window = new DeliveryWindow(cursor);
    this.#replays.forget();
    this.#deliveries.forget(this.#window);
    this.#endRetries();
  }

  /** Lets what is under way finish, for a moment: what is cut off is delivered again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endRetries();
    await this.#deliveries.close();
    await this.#target[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#hasMore && this.#window.room >= READ_BATCH && !this.#isClosed) {
        this.#hasMore = false;
        await this.#readBatch();
      }
    } catch (error) {
      this.#log.error({ err: error }, 'cannot read the events to deliver');
      this.#retryLater(() => this.wake());
    } finally {
      this.#isReading = false;
    }
    this.#unblock();
  }

  async #readBatch(): Promise<void> {
    const window = this.#window;
    const events = await this.#outbox.readAfter(window.lastRead, READ_BATCH);
    // Forgotten meanwhile.
    if (window !== this.#window) return;
    const dropped = (events[0]?.sequence ?? 0) - window.lastRead - 1;
    if (dropped > 0) {
      this.counts.lost += dropped;
      this.#log.error({ events: dropped }, 'events were lost: the outbox keeps no more of them');
    }
    for (const event of events) {
      if (this.#pattern?.matches(envelopeOf(event)) === false) window.skip(event);
      else window.add(event);
    }
    if (events.length === READ_BATCH) this.#hasMore = true;
    if (events.length > 0) this.#onProgress();
    this.#deliveries.start();
  }

  async #loadReplays(): Promise<void> {
    if (this.#isClosed) return;
    const sinceMs = this.#clock.nowMs();
    try {
      await this.#replays.load((event) => this.#window.addReplay(event, sinceMs));
    } catch (error) {
      this.#log.error({ err: error }, 'cannot read the dead letters to deliver');
      this.#retryLater(() => this.replay());
    }
    this.#deliveries.start();
    this.#unblock();
  }

  #finished(events: readonly PendingEvent[]): void {
    for (const { event, isReplay } of events) {
      if (isReplay) this.#replays.done(event);
    }
    this.#onProgress();
    void this.#loadReplays();
    if (this.#hasMore) void this.#read();
  }

  /**
   * Where nothing more can be read because of one channel, while the target takes others: gives up what waits of that channel.
   * A target that takes nothing keeps all of it: it is away.
   */
  #unblock(): void {
    if (this.#isClosed) return;
    const { room, blocker } = this.#window;
    if (blocker && this.#hasMore && room < READ_BATCH) this.#deliveries.giveUpStuck(blocker);
    if (this.#replays.isFull) this.#deliveries.giveUpStuckReplays();
  }

  #retryLater(read: () => void): void {
    if (this.#isClosed) return;
    const cancel = this.#clock.after(STORE_PAUSE_MS, () => {
      this.#retries.delete(cancel);
      read();
    });
    this.#retries.add(cancel);
  }

  #endRetries(): void {
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
  }
}
