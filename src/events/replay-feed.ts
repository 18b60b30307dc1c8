import type { OutboxEvent } from '../domain/events.ts';
import type { Outbox } from './ports.ts';

const REPLAY_BATCH = 100;
/** Dead letters that are delivered once more at the same time: more of them wait in the store. */
const MAX_REPLAYS = 1000;

/** The dead letters of a target that are to be delivered once more, so many at a time. */
export class ReplayFeed {
  readonly #target: string;
  readonly #outbox: Pick<Outbox, 'lettersToReplay'>;
  /** Sequences of those that are being delivered. */
  #running = new Set<number>();
  #lastRead = 0;
  #hasMore = true;
  #isLoading = false;

  constructor(target: string, outbox: Pick<Outbox, 'lettersToReplay'>) {
    this.#target = target;
    this.#outbox = outbox;
  }

  /** There are more than may be delivered at a time. */
  get isFull(): boolean {
    return this.#hasMore && this.#running.size > MAX_REPLAYS - REPLAY_BATCH;
  }

  /** More of them may have been marked, anywhere. */
  rewind(): void {
    this.#lastRead = 0;
    this.#hasMore = true;
  }

  /** Gives `add` as many as there is room for. */
  async load(add: (event: OutboxEvent) => void): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (this.#hasMore && !this.isFull) await this.#loadBatch(add);
    } finally {
      this.#isLoading = false;
    }
  }

  /** It was delivered, or given up again. */
  done({ sequence }: OutboxEvent): void {
    this.#running.delete(sequence);
  }

  /** Forgets those that are being delivered. */
  forget(): void {
    this.#running = new Set();
  }

  async #loadBatch(add: (event: OutboxEvent) => void): Promise<void> {
    const running = this.#running;
    this.#hasMore = false;
    const letters = await this.#outbox.lettersToReplay(this.#target, this.#lastRead, REPLAY_BATCH);
    // Forgotten meanwhile.
    if (running !== this.#running) return;
    // Marked meanwhile, where it has read already: it begins anew.
    const wasRewound = this.#hasMore;
    for (const { event } of letters) {
      if (running.has(event.sequence)) continue;
      running.add(event.sequence);
      add(event);
    }
    if (wasRewound) return;
    this.#lastRead = letters.at(-1)?.event.sequence ?? this.#lastRead;
    this.#hasMore = letters.length === REPLAY_BATCH;
  }
}
