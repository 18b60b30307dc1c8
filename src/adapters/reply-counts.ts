/** Answers so far by their status, over all ports. */
export class ReplyCounts {
  readonly #byStatus = new Map<number, number>();

  get byStatus(): ReadonlyMap<number, number> {
    return this.#byStatus;
  }

  count(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }
}
