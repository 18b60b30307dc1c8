/** Answers of an API so far, by operation and, where it refused, by the error's name; both come from tables, which bounds them. */
export class ApiCallCounts {
  readonly #byOperation = new Map<string, Map<string, number>>();

  count(operation: string, error: string | undefined): void {
    let byError = this.#byOperation.get(operation);
    if (!byError) {
      byError = new Map();
      this.#byOperation.set(operation, byError);
    }
    const name = error ?? '';
    byError.set(name, (byError.get(name) ?? 0) + 1);
  }

  /** `error`: '' where the call succeeded. */
  *[Symbol.iterator](): Generator<{
    readonly operation: string;
    readonly error: string;
    readonly count: number;
  }> {
    for (const [operation, byError] of this.#byOperation) {
      for (const [error, count] of byError) yield { operation, error, count };
    }
  }
}
