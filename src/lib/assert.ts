/** Throws when an invariant of our own does not hold; never used to check what a peer sent. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
