/** What came of a target's events, since the start. */
export interface DeliveryCounts {
  delivered: number;
  /** Attempts. */
  failed: number;
  deadLettered: number;
  /** Events that the outbox had dropped before they could be delivered. */
  lost: number;
}
