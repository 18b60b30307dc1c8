import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { DeliveryWindow, type Lane, type PendingEvent } from './delivery-window.ts';
import { envelopeOf } from './envelope.ts';
import type { EventPattern } from './event-pattern.ts';
import type { EventTarget, Outbox } from './ports.ts';
import { isHopeless, pauseMs } from './retry-policy.ts';

const READ_BATCH = 100;
const REPLAY_BATCH = 100;
/** Dead letters that are delivered once more at the same time: more of them wait in the store. */
const MAX_REPLAYS = 1000;
/** Channels that are told of at once. */
const MAX_IN_FLIGHT = 16;

/** Failures after which a channel may be what is wrong, and not the target: some 15 s. */
const MIN_STUCK_ATTEMPTS = 5;

const STORE_PAUSE_MS = 1000;
const WARNING_INTERVAL_MS = 60_000;
/** How long one attempt may take, whatever a target makes of its own time limits: a webhook's may be 60 s. */
const ATTEMPT_TIMEOUT_MS = 90_000;
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
  readonly #aborts = new Set<AbortController>();
  readonly #timers = new Set<CancelTimer>();
  /** Lanes that wait for their next attempt. */
  readonly #paused = new Map<Lane, CancelTimer>();
  readonly #inFlight = new Set<Promise<void>>();
  #window: DeliveryWindow;
  #isReading = false;
  #hasMore = true;
  /** Sequences of the dead letters that are being delivered once more. */
  readonly #replaying = new Set<number>();
  #lastReplayRead = 0;
  #hasMoreReplays = true;
  /** Events of which a crash has left a dead letter, and no word that the target is past them. */
  readonly #leftLetters: Set<number>;
  #isLoadingReplays = false;
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
    this.#hasMoreReplays = true;
    this.#lastReplayRead = 0;
    void this.#loadReplays();
  }

  /** Forgets all that it was about to deliver up to `cursor`. */
  forget(cursor: number): void {
    this.#window = new DeliveryWindow(cursor);
    this.#replaying.clear();
    this.#leftLetters.clear();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#paused.clear();
  }

  /** Lets what is under way finish, for a moment: what is cut off is delivered again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    const endPatience = this.#clock.after(CLOSE_PATIENCE_MS, () => {
      for (const abort of this.#aborts) abort.abort();
    });
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
    if (this.#isLoadingReplays) return;
    this.#isLoadingReplays = true;
    try {
      while (this.#hasMoreReplays && this.#roomForReplays >= REPLAY_BATCH && !this.#isClosed) {
        await this.#loadReplayBatch();
      }
    } catch (error) {
      this.#log.error({ err: error }, 'cannot read the dead letters to deliver');
      this.#after(STORE_PAUSE_MS, () => this.replay());
    } finally {
      this.#isLoadingReplays = false;
    }
    this.#unblock();
  }

  get #roomForReplays(): number {
    return MAX_REPLAYS - this.#replaying.size;
  }

  async #loadReplayBatch(): Promise<void> {
    const window = this.#window;
    this.#hasMoreReplays = false;
    const letters = await this.#outbox.lettersToReplay(
      this.name,
      this.#lastReplayRead,
      REPLAY_BATCH,
    );
    if (window !== this.#window) return;
    const nowMs = this.#clock.nowMs();
    for (const { event } of letters) {
      // It was read before more of them were marked.
      if (this.#replaying.has(event.sequence)) continue;
      this.#replaying.add(event.sequence);
      window.addReplay(event, nowMs);
    }
    this.#lastReplayRead = letters.at(-1)?.event.sequence ?? this.#lastReplayRead;
    if (letters.length === REPLAY_BATCH) this.#hasMoreReplays = true;
    this.#start();
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
      await this.#attempt(pending);
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

  /** Ends in time even where the target does not: nobody else would wake the lane, or end the wait of `close()`. */
  async #attempt({ event }: PendingEvent): Promise<void> {
    const abort = new AbortController();
    const over = Promise.withResolvers<never>();
    abort.signal.addEventListener('abort', () => over.reject(abort.signal.reason));
    const endPatience = this.#clock.after(ATTEMPT_TIMEOUT_MS, () =>
      abort.abort(new Error(`there was no answer within ${ATTEMPT_TIMEOUT_MS / 1000} s`)),
    );
    this.#aborts.add(abort);
    try {
      await Promise.race([this.#target.deliver(envelopeOf(event), abort.signal), over.promise]);
    } finally {
      endPatience();
      this.#aborts.delete(abort);
    }
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
    const window = this.#window;
    const isWindowFull = this.#hasMore && window.room < READ_BATCH;
    const blocker = isWindowFull && window.blocker;
    if (blocker) this.#giveUpStuck(blocker);
    if (!this.#hasMoreReplays || this.#roomForReplays >= REPLAY_BATCH) return;
    for (const lane of [...this.#paused.keys()]) {
      if (lane.queue[0]?.isReplay) this.#giveUpStuck(lane);
    }
  }

  #giveUpStuck(lane: Lane): void {
    const [{ attempts, failure } = { attempts: 0, failure: undefined }] = lane.queue;
    const endPause = this.#paused.get(lane);
    if (!endPause || !failure || attempts < MIN_STUCK_ATTEMPTS) return;
    if (this.counts.delivered === failure.deliveredBefore) return;
    endPause();
    const reason = `its channel held up the others: ${failure.reason}`;
    this.#track(this.#giveUp(lane, [...lane.queue], reason));
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
      if (isReplay) this.#replaying.delete(event.sequence);
      else this.#leftLetters.delete(event.sequence);
    }
    this.#onProgress();
    if (this.#hasMoreReplays) void this.#loadReplays();
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
