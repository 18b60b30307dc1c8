/** The store cannot be opened, or has ended. The message is one line, fit for an operator. */
export class StoreError extends Error {
  override name = 'StoreError';
}
