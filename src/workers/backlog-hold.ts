import type { Clock } from '../lib/clock.ts';

/** The other side is behind. While it is busy there is at most one batch a millisecond. */
const MAX_BACKLOG = 500;
const CHECK_MS = 50;

export interface BacklogHoldOptions {
  /** Batches that the other side has not dealt with. */
  readonly backlog: () => number;
  /** Has encoders wait, or go on. */
  readonly hold: (isHeld: boolean) => void;
  readonly clock: Clock;
}

/** Holds encoders for as long as the main thread is behind with what they sent. */
export class BacklogHold {
  readonly #options: BacklogHoldOptions;
  #isHeld = false;

  constructor(options: BacklogHoldOptions) {
    this.#options = options;
  }

  /** To be called after each batch. */
  posted(): void {
    if (!this.#isHeld) this.#look();
  }

  readonly #look = (): void => {
    const { backlog, hold, clock } = this.#options;
    const isBehind = backlog() > MAX_BACKLOG;
    if (isBehind !== this.#isHeld) hold(isBehind);
    this.#isHeld = isBehind;
    // Encoders that are held send nothing: no batch of theirs would have anybody look again.
    if (isBehind) clock.after(CHECK_MS, this.#look);
  };
}
