/** What is beyond this share of the limit is for recordings whose buckets take what they have. */
const SOFT_SHARE = 7 / 8;

/** What such a recording may have on its way: 640 MB of 20 GB, some segments of every rendition. */
const UNDER_WAY_SHARE = 1 / 32;

/** A recording, as far as it uses the spool. */
export interface SpoolUser {
  readonly spooledBytes: number;
  /** More comes: one that failed, or whose stream is over, has what it has. */
  readonly isGrowing: boolean;
  /** It is to grow no further. */
  outgrown(error: Error): void;
}

/**
 * How much disk all recordings together may use until their buckets have taken them. Who has most of it is who has to stop: a
 * bucket that is away does not fail the recordings for others.
 */
export class SpoolBudget {
  readonly #limitBytes: number;
  readonly #users = new Set<SpoolUser>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  add(user: SpoolUser): void {
    this.#users.add(user);
  }

  delete(user: SpoolUser): void {
    this.#users.delete(user);
  }

  /** After one of them has grown. */
  enforce(): void {
    let usedBytes = 0;
    let largest: SpoolUser | undefined;
    for (const user of this.#users) {
      usedBytes += user.spooledBytes;
      if (user.isGrowing && user.spooledBytes > (largest?.spooledBytes ?? 0)) largest = user;
    }
    if (!largest || usedBytes <= this.#limitBytes * SOFT_SHARE) return;
    const isUnderWay = largest.spooledBytes <= this.#limitBytes * UNDER_WAY_SHARE;
    if (isUnderWay && usedBytes <= this.#limitBytes) return;
    const message = `cannot spool: recordings have ${usedBytes} of ${this.#limitBytes} bytes of disk, this one most`;
    largest.outgrown(new Error(message));
  }
}
