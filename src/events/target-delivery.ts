import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { DeliveryAttempts } from './delivery-attempts.ts';
import { DeliveryWindow, type Lane, type PendingEvent } from './delivery-window.ts';
import { envelopeOf } from './envelope.ts';
import type { EventPattern } from './event-pattern.ts';
import type { EventTarget, Outbox } from './ports.ts';
import { ReplayFeed } from './replay-feed.ts';
import { isHopeless, pauseMs } from './retry-policy.ts';

const READ_BATCH = 100;
/** Channels that are told of at once. */
const MAX_IN_FLIGHT = 16;

/** Failures after which a channel may be what is wrong, and not the target: some 15 s. */
const MIN_STUCK_ATTEMPTS = 5;

const STORE_PAUSE_MS = 1000;
const WARNING_INTERVAL_MS = 60_000;
/** How long what is under way may take when it is over. */
const CLOSE_PATIENCE_MS = 1000;

/** Since the start. */
export interface DeliveryCounts {
  delivered: number;
  /** Attempts. */
  failed: number;
  deadLettered: number;
  /** Events that the outbox had dropped before they could be delivered. */
  lost: number;
}

/** Brings one target its events: a channel's in order, several channels at once, again until they are taken or given up. */
export class TargetDelivery {
  readonly name: string;
  readonly counts: DeliveryCounts = { delivered: 0, failed: 0, deadLettered: 0, lost: 0 };
  readonly #target: EventTarget;
  readonly #pattern: EventPattern | undefined;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #log: Logger;
  readonly #onProgress: () => void;
  readonly #attempts: DeliveryAttempts;
  readonly #timers = new Set<CancelTimer>();
  /** Lanes that wait for their next attempt. */
  readonly #paused = new Map<Lane, CancelTimer>();
  readonly #inFlight = new Set<Promise<void>>();
  #window: DeliveryWindow;
  #isReading = false;
  #hasMore = true;
  readonly #replays: ReplayFeed;
  /** Events of which a crash has left a dead letter, and no word that the target is past them. */
  readonly #leftLetters: Set<number>;
  #warnedAtMs = Number.NEGATIVE_INFINITY;
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
    this.name = options.name;
    this.#target = options.target;
    this.#pattern = options.pattern;
    this.#window = new DeliveryWindow(options.cursor);
    this.#leftLetters = new Set(options.leftLetters);
    this.#outbox = options.outbox;
    this.#attempts = new DeliveryAttempts(options.target, options.clock);
    this.#replays = new ReplayFeed(options.name, options.outbox);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log.child({ target: options.name });
    this.#onProgress = options.onProgress;
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
    this.#leftLetters.clear();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#paused.clear();
  }

  /** Lets what is under way finish, for a moment: what is cut off is delivered again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    const endPatience = this.#clock.after(CLOSE_PATIENCE_MS, () => this.#attempts.abort());
    await Promise.all(this.#inFlight);
    endPatience();
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
      this.#after(STORE_PAUSE_MS, () => this.wake());
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
    this.#start();
  }

  async #loadReplays(): Promise<void> {
    if (this.#isClosed) return;
    const sinceMs = this.#clock.nowMs();
    try {
      await this.#replays.load((event) => this.#window.addReplay(event, sinceMs));
    } catch (error) {
      this.#log.error({ err: error }, 'cannot read the dead letters to deliver');
      this.#after(STORE_PAUSE_MS, () => this.replay());
    }
    this.#start();
    this.#unblock();
  }

  #start(): void {
    while (!this.#isClosed && this.#inFlight.size < MAX_IN_FLIGHT) {
      const lane = this.#window.take();
      if (!lane) return;
      this.#track(this.#deliver(lane, this.#window));
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#inFlight.delete(tracked);
      this.#start();
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
    this.counts.delivered++;
    if (window !== this.#window) return;
    const { sequence } = pending.event;
    const hasLetter = pending.isReplay || this.#leftLetters.has(sequence);
    if (!hasLetter) this.#finish(lane, [pending]);
    else
      await this.#settle(lane, [pending], () => this.#outbox.removeDeadLetter(this.name, sequence));
  }

  async #failed(lane: Lane, pending: PendingEvent, error: unknown): Promise<void> {
    this.counts.failed++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#warn(reason);
    const { attempts, sinceMs } = pending;
    const deliveredBefore = pending.failure?.deliveredBefore ?? this.counts.delivered;
    pending.failure = { reason, deliveredBefore };
    if (isHopeless(attempts, this.#clock.nowMs() - sinceMs, error)) {
      await this.#giveUp(lane, [pending], reason);
      return;
    }
    this.#pause(lane, pauseMs(attempts, error, this.#random));
    this.#unblock();
  }

  /**
   * Where nothing more can be read because of one channel, while the target takes others: gives up what waits of that channel.
   * A target that takes nothing keeps all of it: it is away.
   */
  #unblock(): void {
    if (this.#isClosed) return;
    const { room, blocker } = this.#window;
    if (blocker && this.#hasMore && room < READ_BATCH) this.#giveUpStuck(blocker);
    if (!this.#replays.isFull) return;
    for (const lane of [...this.#paused.keys()]) {
      if (lane.queue[0]?.isReplay) this.#giveUpStuck(lane);
    }
  }

  /** Of dead letters that are delivered once more, only these: they stay what they were. */
  #giveUpStuck(lane: Lane): void {
    const { queue } = lane;
    const [head] = queue;
    const endPause = this.#paused.get(lane);
    if (!endPause || !head?.failure || head.attempts < MIN_STUCK_ATTEMPTS) return;
    // Those that were under way beside its first attempt say nothing: the target may have gone away just then.
    const minTaken = head.isReplay ? 1 : MAX_IN_FLIGHT + 1;
    if (this.counts.delivered - head.failure.deliveredBefore < minTaken) return;
    endPause();
    const others = head.isReplay ? queue.findIndex(({ isReplay }) => !isReplay) : -1;
    const stuck = others < 0 ? [...queue] : queue.slice(0, others);
    const reason = `its channel held up the others: ${head.failure.reason}`;
    this.#track(this.#giveUp(lane, stuck, reason));
  }

  async #giveUp(lane: Lane, given: readonly PendingEvent[], reason: string): Promise<void> {
    const [head] = given;
    this.#log.error(
      { event: head?.event.id, events: given.length, attempts: head?.attempts, reason },
      'gave up delivering events: they are dead letters',
    );
    await this.#settle(lane, given, async () => {
      const failedAtMs = this.#clock.nowMs();
      const common = { target: this.name, reason, failedAtMs, isReplaying: false };
      await this.#outbox.addDeadLetters(
        given.map(({ event, attempts }) => ({ ...common, event, attempts })),
      );
      this.counts.deadLettered += given.length;
    });
  }

  /** Once in a while: a target that is away has many channels. */
  #warn(reason: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#warnedAtMs < WARNING_INTERVAL_MS) return;
    this.#warnedAtMs = nowMs;
    this.#log.warn({ ...this.counts, reason }, 'cannot deliver events; trying again');
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
    for (const { event, isReplay } of finished) {
      if (isReplay) this.#replays.done(event);
      else this.#leftLetters.delete(event.sequence);
    }
    this.#onProgress();
    void this.#loadReplays();
    if (this.#hasMore) void this.#read();
    this.#start();
  }

  #pause(lane: Lane, delayMs: number): void {
    const window = this.#window;
    const cancel = this.#after(delayMs, () => {
      this.#paused.delete(lane);
      window.ready(lane);
      this.#start();
    });
    this.#paused.set(lane, () => {
      this.#paused.delete(lane);
      cancel();
    });
  }

  #after(delayMs: number, run: () => void): CancelTimer {
    if (this.#isClosed) return () => {};
    const endTimer = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      run();
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      endTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }
}
