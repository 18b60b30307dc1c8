import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { StallMeter } from '../lib/stall-meter.ts';

/**
 * A worker says every second that it is alive. One that has not for so long serves nobody, and yet keeps its connections: their
 * clients can only come back once it is gone.
 */
const SILENCE_LIMIT_MS = 10_000;
const CHECK_MS = 1_000;

/** One that ends so soon will end again: the next comes later and later, up to this. */
const SHORT_LIFE_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

const CLOSE_DEADLINE_MS = 6_000;

/** A worker, as the pool deals with it. */
export interface PooledWorker {
  /** Resolves with what ended it. */
  readonly exited: Promise<unknown>;
  /** It is to end its connections in order, and then itself. */
  close(): void;
  terminate(): void;
  /** It has ended. */
  gone(): void;
}

export interface WorkerListener {
  /** It takes connections from here on. */
  ready(): void;
  alive(): void;
  /** What it says is nonsense. */
  broken(error: unknown): void;
}

interface Member {
  readonly name: string;
  readonly startedMs: number;
  heardMs: number;
  isReady: boolean;
  worker: PooledWorker | undefined;
}

export interface WorkerPoolOptions {
  readonly count: number;
  readonly start: (name: string, listener: WorkerListener) => PooledWorker;
  /** Whether any worker takes connections. */
  readonly onServing: (isServing: boolean) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps so many workers running, from `start` to `close`. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #members = new Set<Member>();
  #cancelCheck: (() => void) | undefined;
  #pauseMs = 0;
  #isServing = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Workers that take connections. */
  get readyCount(): number {
    return [...this.#members].filter(({ isReady }) => isReady).length;
  }

  /** Once; more often does no harm. */
  start(): void {
    if (this.#cancelCheck || this.#closing) return;
    const { clock, count, log } = this.#options;
    log.info({ workers: count }, 'sharing the work among threads');
    const stalls = new StallMeter(clock, CHECK_MS);
    this.#cancelCheck = clock.every(CHECK_MS, () => this.#check(stalls.take()));
    for (let number = 1; number <= count; number++) this.#startOne(`worker-${number}`);
  }

  /** Resolves when all have ended. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelCheck?.();
    const members = [...this.#members];
    for (const { worker, isReady } of members) {
      if (isReady) worker?.close();
      else worker?.terminate();
    }
    const cancel = this.#options.clock.after(CLOSE_DEADLINE_MS, () => {
      for (const { worker } of members) worker?.terminate();
    });
    await Promise.all(members.flatMap(({ worker }) => (worker ? [worker.exited] : [])));
    cancel();
  }

  #startOne(name: string): void {
    const { start, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const member: Member = {
      name,
      startedMs,
      heardMs: startedMs,
      isReady: false,
      worker: undefined,
    };
    this.#members.add(member);
    const worker = start(name, {
      ready: () => {
        member.isReady = true;
        this.#options.log.info({ worker: name }, 'a worker takes connections');
        this.#tellServing();
      },
      alive: () => {
        member.heardMs = clock.monotonicMs();
      },
      broken: (error) => this.#terminate(member, { err: error }, 'a worker speaks nonsense'),
    });
    member.worker = worker;
    void worker.exited.then((cause) => this.#ended(member, cause));
  }

  #ended(member: Member, cause: unknown): void {
    this.#members.delete(member);
    member.worker?.gone();
    if (this.#closing) return;
    this.#tellServing();
    const { clock, log } = this.#options;
    const isShort = clock.monotonicMs() - member.startedMs < SHORT_LIFE_MS;
    this.#pauseMs = isShort
      ? Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS)
      : 0;
    const fields = { worker: member.name, err: cause, nextInMs: this.#pauseMs };
    log.error(fields, 'a worker ended, and its connections with it; another one begins');
    clock.after(this.#pauseMs, () => {
      if (!this.#closing) this.#startOne(member.name);
    });
  }

  #tellServing(): void {
    const isServing = [...this.#members].some(({ isReady }) => isReady);
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    this.#options.onServing(isServing);
  }

  /** `stalledMs`: so long nobody heard them. */
  #check(stalledMs: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const member of this.#members) {
      member.heardMs += stalledMs;
      const silentMs = nowMs - member.heardMs;
      if (silentMs > SILENCE_LIMIT_MS) this.#terminate(member, { silentMs }, 'a worker hangs');
    }
  }

  #terminate(member: Member, fields: object, message: string): void {
    this.#options.log.error({ worker: member.name, ...fields }, `${message}, and is ended`);
    // Not again in the next second.
    member.heardMs = Number.POSITIVE_INFINITY;
    member.worker?.terminate();
  }
}
