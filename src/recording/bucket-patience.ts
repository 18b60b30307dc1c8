import { DestinationRefused } from '../domain/destination-refused.ts';

/** What waits for a bucket that is away for longer waits as long as nobody else needs the room. */
const OVERDUE_MS = 6 * 3600 * 1000;

/** What waited before a start may have waited for Ivory, and the network may be late. */
const FIRST_TRIES_MS = 3600 * 1000;

/** For what remains to be written to a bucket that was given up: whatever else fails, what is on disk is still for it. */
const LAST_WORDS_MS = 10_000;

export interface BucketPatienceFacts {
  readonly hasBegun: boolean;
  readonly hasMedia: boolean;
  readonly isRoomNeeded: () => Promise<boolean>;
}

/** How long one recording's bucket is tried again. */
export class BucketPatience {
  #isGivenUp = false;
  #isOverdue = false;
  #waitedBeforeMs = 0;

  /** It refuses what it has not had anything of, or others need the room. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** It has been away for so long that others need not fail for it. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Before this start. */
  hasWaited(waitedMs: number): void {
    this.#waitedBeforeMs = Math.max(0, waitedMs);
  }

  /** With the next attempt, if that fails as well. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** The bucket took something: it is there, whatever was thought of it. */
  arrived(): void {
    this.#isOverdue = false;
    this.#isGivenUp = false;
    this.#waitedBeforeMs = 0;
  }

  /**
   * Whether there is no use in a further attempt, `elapsedMs` after the first one. `hasBegun`: the recording's start was told.
   * `hasMedia`: something is lost without one. `isRoomNeeded`: asked where it is overdue.
   */
  async isOver(
    error: unknown,
    elapsedMs: number,
    { hasBegun, hasMedia, isRoomNeeded }: BucketPatienceFacts,
  ): Promise<boolean> {
    if (this.#isGivenUp) return elapsedMs >= LAST_WORDS_MS;
    // Before anything was promised, IVS says at once that the bucket can't be used.
    const isRefused = error instanceof DestinationRefused && !hasBegun;
    const isOfNoUse = !hasMedia && elapsedMs >= OVERDUE_MS;
    this.#isGivenUp = isRefused || isOfNoUse;
    this.#isOverdue = elapsedMs >= FIRST_TRIES_MS && this.#waitedBeforeMs + elapsedMs >= OVERDUE_MS;
    if (this.#isOverdue && (await isRoomNeeded())) this.#isGivenUp = true;
    return this.#isGivenUp;
  }
}
