import { DeliveryFailure } from '../domain/delivery-failure.ts';
import type { RandomBytes } from '../domain/identifiers.ts';

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** As long as EventBridge tries: "for 24 hours". */
const MAX_AGE_MS = 24 * 3600 * 1000;
/** What was refused for good may still be a receiver that is just being replaced. */
const MAX_REFUSALS = 5;

/**
 * How long to leave a target alone after so many failed `attempts`: at most twice as long each time, and anywhere below, so that
 * the many channels of a target that comes back are not all sent at once. A target may ask for more.
 */
export function pauseMs(attempts: number, error: unknown, random: RandomBytes): number {
  const askedMs = error instanceof DeliveryFailure ? (error.retryAfterMs ?? 0) : 0;
  const longestMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10), MAX_PAUSE_MS);
  const [high = 0, low = 0] = random(2);
  const jitteredMs = Math.ceil((longestMs * (high * 256 + low + 1)) / 65_536);
  return Math.max(jitteredMs, Math.min(askedMs, MAX_PAUSE_MS));
}

/** Whether an event that could not be delivered is given up. */
export function isHopeless(attempts: number, ageMs: number, error: unknown): boolean {
  if (error instanceof DeliveryFailure && error.isFinal && attempts >= MAX_REFUSALS) return true;
  return ageMs >= MAX_AGE_MS;
}
