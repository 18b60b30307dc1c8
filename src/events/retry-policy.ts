import { DeliveryFailure } from '../domain/delivery-failure.ts';
import type { RandomBytes } from '../domain/identifiers.ts';
import type { Lane, PendingEvent } from './delivery-window.ts';

/** How long to leave the store alone that could not answer. */
export const STORE_PAUSE_MS = 1000;

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** As long as EventBridge tries: "for 24 hours". */
const MAX_AGE_MS = 24 * 3600 * 1000;
/** What was refused for good may still be a receiver that is just being replaced. */
const MAX_REFUSALS = 5;
/** Failures after which a channel may be what is wrong, and not the target: some 15 s. */
const MIN_STUCK_ATTEMPTS = 5;

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

/**
 * The events at the head of a lane that are given up where it holds up the others: none where the target may be what is wrong.
 * `delivered`: how many the target has taken by now, of any lane. Of dead letters that are delivered once more, only these: they
 * stay what they were.
 */
export function stuckEvents(
  { queue }: Lane,
  delivered: number,
  maxInFlight: number,
): readonly PendingEvent[] {
  const [head] = queue;
  if (!head?.failure || head.attempts < MIN_STUCK_ATTEMPTS) return [];
  // Those that were under way beside its first attempt say nothing: the target may have gone away just then.
  const minTaken = head.isReplay ? 1 : maxInFlight + 1;
  if (delivered - head.failure.deliveredBefore < minTaken) return [];
  const others = head.isReplay ? queue.findIndex(({ isReplay }) => !isReplay) : -1;
  return others < 0 ? [...queue] : queue.slice(0, others);
}
