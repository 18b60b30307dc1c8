/** A target of events was reached and did not take one. The message holds no secret. */
export class DeliveryFailure extends Error {
  override name = 'DeliveryFailure';
  /** Another attempt would hardly end otherwise. */
  readonly isFinal: boolean;
  /** How long the target asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: {
      readonly isFinal: boolean;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.isFinal = options.isFinal;
    this.retryAfterMs = options.retryAfterMs;
  }
}
