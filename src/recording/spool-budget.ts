/** What is beyond this share of the limit is for recordings whose buckets take what they have. */
const SOFT_SHARE = 7 / 8;

/** What such a recording may have on its way: 640 MB of 20 GB, some segments of every rendition. */
const UNDER_WAY_SHARE = 1 / 32;

/** A recording, as far as it uses the spool. */
export interface SpoolUser {
  readonly spooledBytes: number;
  /** More comes: one that failed, or whose stream is over, has what it has. */
  readonly isGrowing: boolean;
  /** Its bucket has been away for so long that others need not fail for it. */
  readonly isOverdue: boolean;
  /** Its room will soon be free. */
  readonly isGivenUp: boolean;
  /** It is to grow no further. */
  outgrown(error: Error): void;
  /** Others need its room. */
  giveUp(): void;
}

/**
 * How much disk all recordings together may use until their buckets have taken them. Who has most of it is who has to stop: a
 * bucket that is away does not fail the recordings for others. What has waited for its bucket for too long goes first.
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

  /** Of all recordings together. */
  get usedBytes(): number {
    return this.#survey().usedBytes;
  }

  /** On a full disk: whether it is this one that makes room for others, of those that are overdue. */
  mayLeave(user: SpoolUser): boolean {
    const { leavingBytes, overdue } = this.#survey();
    return leavingBytes === 0 && user.spooledBytes >= (overdue?.spooledBytes ?? 0);
  }

  /** After one of them has grown. */
  enforce(): void {
    const { usedBytes, leavingBytes, largest, overdue } = this.#survey();
    const isFull = usedBytes > this.#limitBytes;
    const isCrowded = usedBytes - leavingBytes > this.#limitBytes * SOFT_SHARE;
    if (isCrowded) overdue?.giveUp();
    if (!largest) return;
    const isUnderWay = largest.spooledBytes <= this.#limitBytes * UNDER_WAY_SHARE;
    if (!isFull && (!isCrowded || overdue || isUnderWay)) return;
    const message = `cannot spool: recordings have ${usedBytes} of ${this.#limitBytes} bytes of disk, this one most`;
    largest.outgrown(new Error(message));
  }

  /** `largest`: of those that grow. `overdue`: the largest of those. */
  #survey() {
    let usedBytes = 0;
    let leavingBytes = 0;
    let largest: SpoolUser | undefined;
    let overdue: SpoolUser | undefined;
    for (const user of this.#users) {
      usedBytes += user.spooledBytes;
      if (user.isGivenUp) leavingBytes += user.spooledBytes;
      else if (user.isGrowing) largest = larger(user, largest);
      else if (user.isOverdue) overdue = larger(user, overdue);
    }
    return { usedBytes, leavingBytes, largest, overdue };
  }
}

/** Nobody, where both have nothing. */
function larger(user: SpoolUser, other: SpoolUser | undefined): SpoolUser | undefined {
  return user.spooledBytes > (other?.spooledBytes ?? 0) ? user : other;
}
