import { SESSION_HISTORY_DAYS } from '../domain/stream-session.ts';
import type { Foundation } from './foundation.ts';

const DAY_MS = 86_400_000;
const RETENTION_CHECK_MS = 3_600_000;

/** Ends the sessions that a crash left open, and forgets what is older than IVS keeps it, or has expired. */
export async function takeUpHistory(foundation: Foundation): Promise<void> {
  const { store, clock, log, resources } = foundation;
  const { sessionLog, playbackRecords } = store;
  const abandoned = await sessionLog.endAbandonedSessions();
  if (abandoned > 0) log.warn({ sessions: abandoned }, 'ended sessions that a crash left open');
  const forget = () =>
    Promise.all([
      sessionLog.deleteSessionsEndedBefore(clock.nowMs() - SESSION_HISTORY_DAYS * DAY_MS),
      playbackRecords.deleteTokensExpiredBefore(clock.nowMs()),
    ])
      .then(() => undefined)
      .catch((error: unknown) => log.error({ err: error }, 'cannot delete what is past'));
  resources.defer(clock.every(RETENTION_CHECK_MS, () => void forget()));
  await forget();
}
