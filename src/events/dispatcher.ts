import type { RandomBytes } from '../domain/identifiers.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { DeliveryCounts } from './delivery-counts.ts';
import { MAX_WINDOW_EVENTS } from './delivery-window.ts';
import type { EventTarget, Outbox } from './ports.ts';
import { TargetDelivery } from './target-delivery.ts';
import type { TargetConfig } from './target-file.ts';

/** A cursor is written down so long after it moved, with those that moved meanwhile: each write costs an fsync. */
const SAVE_AFTER_MS = 250;
const TRIM_INTERVAL_MS = 600_000;
/** Until a target is begun with again that the store could not be asked about. */
const RETRY_MS = 5000;

const DAY_MS = 24 * 3600 * 1000;
/** How long events are kept for consoles that come back, and for targets that are away. */
const KEPT_MS = DAY_MS;
const MAX_EVENTS = 100_000;
/** What a target that is away may lack: hundreds of megabytes on disk. */
const MAX_WAITING_EVENTS = 1_000_000;
const DEAD_LETTERS_KEPT_MS = 14 * DAY_MS;
const MAX_DEAD_LETTERS_PER_TARGET = 10_000;

/** How a target is doing. */
export interface TargetMeasurements extends Readonly<DeliveryCounts> {
  readonly name: string;
  /** Events that it has not had, whether it wants them or not. */
  readonly pending: number;
  /** How long the oldest of those that it wants has waited. */
  readonly lagMs: number;
  readonly deadLetters: number;
}

interface RunningTarget {
  readonly config: TargetConfig;
  readonly delivery: TargetDelivery;
}

/** Brings every event of the outbox to every target that wants it. One target knows nothing of the others. */
export class EventDispatcher implements AsyncDisposable {
  readonly #outbox: Outbox;
  readonly #createTarget: (config: TargetConfig) => EventTarget;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #log: Logger;
  readonly #stopListening: () => void;
  readonly #stopTrimming: CancelTimer;
  #targets: ReadonlyMap<string, RunningTarget> = new Map();
  readonly #saved = new Map<string, number>();
  #saving: Promise<void> = Promise.resolve();
  #cancelSave: CancelTimer | undefined;
  #wanted: readonly TargetConfig[] = [];
  /** Changes of the targets, one after the other. */
  #changing: Promise<void> = Promise.resolve();
  #cancelRetry: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: {
    readonly outbox: Outbox;
    readonly createTarget: (config: TargetConfig) => EventTarget;
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly log: Logger;
  }) {
    this.#outbox = options.outbox;
    this.#createTarget = options.createTarget;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.#stopListening = this.#outbox.onAppended(() => this.#wake());
    this.#stopTrimming = this.#clock.every(TRIM_INTERVAL_MS, () => void this.trim());
  }

  /** Takes these targets in the place of those before. One that is the same goes on undisturbed. Never rejects. */
  use(configs: readonly TargetConfig[]): Promise<void> {
    this.#wanted = configs;
    this.#changing = this.#changing.then(() => this.#change());
    return this.#changing;
  }

  /** Of one target, or of all: dead letters were marked to be delivered once more. */
  replay(target?: string): void {
    for (const [name, { delivery }] of this.#targets) {
      if (target === undefined || target === name) delivery.replay();
    }
  }

  /** The outbox was emptied. */
  async forget(): Promise<void> {
    const newest = await this.#outbox.newestSequence();
    for (const { delivery } of this.#targets.values()) {
      delivery.forget(newest);
      delivery.wake();
    }
    this.#save();
  }

  async measurements(): Promise<readonly TargetMeasurements[]> {
    const targets = [...this.#targets.values()];
    if (targets.length === 0) return [];
    const newest = await this.#outbox.newestSequence();
    const deadLetters = await this.#outbox.countDeadLetters();
    const nowMs = this.#clock.nowMs();
    return targets.map(({ delivery: { name, cursor, counts, waitingSinceMs = nowMs } }) => ({
      name,
      ...counts,
      pending: Math.max(0, newest - cursor),
      lagMs: Math.max(0, nowMs - waitingSinceMs),
      deadLetters: deadLetters.get(name) ?? 0,
    }));
  }

  async trim(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    await this.#outbox
      .trim({
        // Those that could not be begun with, too.
        targets: this.#wanted.map(({ name }) => name),
        recordedBeforeMs: nowMs - KEPT_MS,
        maxEvents: MAX_EVENTS,
        maxWaitingEvents: MAX_WAITING_EVENTS,
        deadBeforeMs: nowMs - DEAD_LETTERS_KEPT_MS,
        maxDeadLettersPerTarget: MAX_DEAD_LETTERS_PER_TARGET,
      })
      .catch((error: unknown) => this.#log.error({ err: error }, 'cannot delete old events'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#stopTrimming();
    await this.#changing;
    this.#cancelRetry?.();
    await Promise.all([...this.#targets.values()].map(({ delivery }) => delivery.close()));
    this.#cancelSave?.();
    await this.#saving;
    await this.#saveNow();
  }

  async #change(): Promise<void> {
    if (this.#isClosed) return;
    this.#cancelRetry?.();
    const configs = this.#wanted;
    const isWanted = ({ config }: RunningTarget) =>
      configs.some(({ fingerprint }) => fingerprint === config.fingerprint);
    const running = [...this.#targets.values()];
    await Promise.all(
      running.filter((target) => !isWanted(target)).map(({ delivery }) => delivery.close()),
    );
    // What takes the place of another begins where that one came to.
    await this.#saving;
    await this.#saveNow();
    const next = new Map(
      running.filter(isWanted).map((target) => [target.config.name, target] as const),
    );
    try {
      for (const config of configs) {
        if (!next.has(config.name)) next.set(config.name, await this.#begin(config));
      }
    } catch (error) {
      this.#log.error({ err: error }, 'cannot begin to deliver events; trying again');
      this.#cancelRetry = this.#clock.after(RETRY_MS, () => void this.use(this.#wanted));
    }
    this.#targets = next;
    for (const { delivery } of next.values()) {
      delivery.wake();
      delivery.replay();
    }
  }

  async #begin(config: TargetConfig): Promise<RunningTarget> {
    const { name, pattern } = config;
    const cursor = await this.#outbox.openTarget(name);
    this.#saved.set(name, cursor);
    const left = await this.#outbox.listDeadLetters(
      { target: name },
      { limit: MAX_WINDOW_EVENTS, after: { target: name, sequence: cursor } },
    );
    const delivery = new TargetDelivery({
      name,
      pattern,
      cursor,
      leftLetters: left.map(({ event }) => event.sequence),
      target: this.#createTarget(config),
      outbox: this.#outbox,
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      onProgress: () => this.#save(),
    });
    return { config, delivery };
  }

  #wake(): void {
    for (const { delivery } of this.#targets.values()) delivery.wake();
  }

  #save(): void {
    if (this.#isClosed) return;
    this.#cancelSave ??= this.#clock.after(SAVE_AFTER_MS, () => {
      this.#cancelSave = undefined;
      this.#saving = this.#saving.then(() => this.#saveNow());
    });
  }

  async #saveNow(): Promise<void> {
    const cursors = new Map<string, number>();
    for (const [name, { delivery }] of this.#targets) {
      if (delivery.cursor !== this.#saved.get(name)) cursors.set(name, delivery.cursor);
    }
    try {
      await this.#outbox.saveCursors(cursors);
      for (const [name, cursor] of cursors) this.#saved.set(name, cursor);
    } catch (error) {
      this.#log.error({ err: error }, 'cannot write down what targets have had');
      this.#save();
    }
  }
}
