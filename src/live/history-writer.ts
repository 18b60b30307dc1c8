import { SessionGone } from '../domain/session-gone.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';

/** A full disk is emptied by hand; until then there is one attempt for each channel that has something to write. */
const RETRY_MS = 5000;
/** Of one channel: hours of a stream that goes well and badly by turns. */
const MAX_WAITING = 1000;

interface Entry {
  /** Rejects where it can't be written now. */
  readonly attempt: () => Promise<void>;
  /** Rejects the caller's promise, unless it has settled already. */
  readonly fail: (error: unknown) => void;
  readonly isOnce: boolean;
}

interface Queue {
  readonly entries: Entry[];
  isRunning: boolean;
  cancelRetry: CancelTimer;
}

/**
 * Writes the histories of channels: what comes first is on disk first, over failures and from one session of a channel to
 * the next. Nothing that waits is in the way of another channel.
 */
export class HistoryWriter {
  readonly #clock: Pick<Clock, 'after'>;
  /** Those that are not empty. */
  readonly #queues = new Map<string, Queue>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /**
   * Tries until it is written, or its session is gone. The promise is of the first attempt: it rejects when that fails, or
   * when so much waits already that this one is dropped. `isKept` never is: it is for what a session has one or two of.
   */
  write(channelArn: string, write: () => Promise<void>, isKept = false): Promise<void> {
    const waiting = this.#queues.get(channelArn)?.entries.length ?? 0;
    if (waiting >= MAX_WAITING && !isKept) {
      return Promise.reject(
        new Error(`cannot keep more of the channel's history in memory: ${waiting} writes wait`),
      );
    }
    return this.#add(channelArn, write, false);
  }

  /** Writes after all that waits, now or not at all. */
  writeOnce<T>(channelArn: string, write: () => Promise<T>): Promise<T> {
    return this.#add(channelArn, write, true);
  }

  #add<T>(channelArn: string, write: () => Promise<T>, isOnce: boolean): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const known = this.#queues.get(channelArn);
    const queue = known ?? { entries: [], isRunning: false, cancelRetry: () => {} };
    this.#queues.set(channelArn, queue);
    queue.entries.push({ attempt: async () => resolve(await write()), fail: reject, isOnce });
    void this.#run(channelArn, queue);
    return promise;
  }

  /** Whatever comes is a reason to try what waits. */
  async #run(channelArn: string, queue: Queue): Promise<void> {
    if (queue.isRunning) return;
    queue.isRunning = true;
    queue.cancelRetry();
    for (let [head] = queue.entries; head; [head] = queue.entries) {
      try {
        await head.attempt();
      } catch (error) {
        head.fail(error);
        if (!head.isOnce && !(error instanceof SessionGone)) {
          this.#postpone(channelArn, queue, error);
          return;
        }
      }
      queue.entries.shift();
    }
    this.#queues.delete(channelArn);
  }

  #postpone(channelArn: string, queue: Queue, error: unknown): void {
    const kept = queue.entries.splice(0).filter((entry) => {
      entry.fail(error);
      return !entry.isOnce;
    });
    queue.entries.push(...kept);
    queue.isRunning = false;
    queue.cancelRetry = this.#clock.after(RETRY_MS, () => void this.#run(channelArn, queue));
  }
}
