import { admitsLadder } from '../domain/transcode-capacity.ts';

/** From here on a ladder's use of the processor is measured, not guessed. */
const MEASURED_AFTER_MS = 10_000;

/** A ladder's share of the machine, from its start until `release`. */
export class TranscodeShare {
  readonly #startedMs: number;
  readonly #onReleased: (share: TranscodeShare) => void;
  #cores: number;

  constructor(
    estimatedCores: number,
    startedMs: number,
    onReleased: (share: TranscodeShare) => void,
  ) {
    this.#cores = estimatedCores;
    this.#startedMs = startedMs;
    this.#onReleased = onReleased;
  }

  /** Those that it was let in with, then those that it was measured to use. */
  get cores(): number {
    return this.#cores;
  }

  /** `cpuSeconds`: that it has used until `nowMs`, on the clock of its start. */
  measured(cpuSeconds: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#startedMs;
    if (elapsedMs < MEASURED_AFTER_MS || cpuSeconds <= 0) return;
    this.#cores = (cpuSeconds * 1000) / elapsedMs;
  }

  /** Idempotent. */
  release(): void {
    this.#onReleased(this);
  }
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

  /** Nothing where there is no room for it. `nowMs`: on a monotonic clock. */
  admit(estimatedCores: number, nowMs: number): TranscodeShare | undefined {
    if (!admitsLadder(this.#capacityCores, this.#runningCores, estimatedCores)) return undefined;
    const share = new TranscodeShare(estimatedCores, nowMs, () => this.#shares.delete(share));
    this.#shares.add(share);
    return share;
  }

  get #runningCores(): readonly number[] {
    return [...this.#shares].map((share) => share.cores);
  }
}
