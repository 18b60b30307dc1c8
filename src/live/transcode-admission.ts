import { admitsLadder } from '../domain/transcode-capacity.ts';

/** A ladder's share of the machine, from its start until `release`. */
export interface TranscodeShare {
  /** Cores that it was let in with, then those that it was measured to use. */
  cores: number;
  /** Idempotent. */
  release(): void;
}

/** Which ladders the machine has room for: one more must not slow those on air. */
export class TranscodeAdmission {
  readonly #capacityCores: number;
  readonly #shares = new Set<TranscodeShare>();

  constructor(capacityCores: number) {
    this.#capacityCores = capacityCores;
  }

  /** Whether there is room for anything at all, before it is known how large the picture is. */
  get hasRoom(): boolean {
    return admitsLadder(this.#capacityCores, this.#runningCores, Number.MIN_VALUE);
  }

  /** Nothing where there is no room for it. */
  admit(estimatedCores: number): TranscodeShare | undefined {
    if (!admitsLadder(this.#capacityCores, this.#runningCores, estimatedCores)) return undefined;
    const share: TranscodeShare = {
      cores: estimatedCores,
      release: () => this.#shares.delete(share),
    };
    this.#shares.add(share);
    return share;
  }

  get #runningCores(): readonly number[] {
    return [...this.#shares].map((share) => share.cores);
  }
}
