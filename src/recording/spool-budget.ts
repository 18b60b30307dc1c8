/** How much disk all recordings together may use until their buckets have taken them. */
export class SpoolBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isExceeded(): boolean {
    return this.#usedBytes > this.#limitBytes;
  }

  use(byteLength: number): void {
    this.#usedBytes += byteLength;
  }

  free(byteLength: number): void {
    this.#usedBytes -= byteLength;
  }
}
