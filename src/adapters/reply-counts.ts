/** Answers so far by their status, over all ports. */
export class ReplyCounts {
  readonly #byStatus = new Map<number, number>();

  get byStatus(): ReadonlyMap<number, number> {
    return this.#byStatus;
  }

  count(status: number, times = 1): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + times);
  }

  /** What was counted since the last call. */
  take(): (readonly [number, number])[] {
    const counts = [...this.#byStatus];
    this.#byStatus.clear();
    return counts;
  }
}
