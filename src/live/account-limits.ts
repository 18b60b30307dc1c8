import { type AccountLimitBreach, limitBreachEvent, STREAM_EVENTS } from '../domain/events.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SessionLog } from './ports.ts';

/** Where counts swing about a limit, it is told of once in so long. */
const QUIET_MS = 60_000;

interface Breach {
  /** It was told of, and has not ended since. */
  isTold: boolean;
  toldAtMs: number;
}

/**
 * The limits on all streams of an account in a region together. Who is refused may come back every second: an event is stated
 * when a limit is breached that was not before, to the log and to the account's history.
 */
export class AccountLimits {
  readonly #sessionLog: Pick<SessionLog, 'appendAccountEvent'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Of limits that were breached, by their name and whose they are. */
  readonly #breaches = new Map<string, Breach>();

  constructor(options: {
    readonly sessionLog: Pick<SessionLog, 'appendAccountEvent'>;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#sessionLog = options.sessionLog;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** `wanted`: how many there would be with the one that comes. Says whether that is too many. */
  isExceeded(
    { accountId, region }: Tenant,
    limit: Omit<AccountLimitBreach, 'exceededBy'>,
    wanted: number,
  ): boolean {
    const exceededBy = wanted - limit.limitValue;
    if (exceededBy <= 0 && this.#breaches.size === 0) return false;
    const key = `${limit.limitName} ${accountId} ${region}`;
    const known = this.#breaches.get(key);
    if (exceededBy <= 0) {
      if (known) known.isTold = false;
      return false;
    }
    const nowMs = this.#clock.monotonicMs();
    const isNews = !known || (!known.isTold && nowMs - known.toldAtMs >= QUIET_MS);
    if (!isNews) return true;
    this.#breaches.set(key, { isTold: true, toldAtMs: nowMs });
    this.#tell({ accountId, region }, { ...limit, exceededBy } as AccountLimitBreach);
    return true;
  }

  /** As if none had ever been breached. */
  forget(): void {
    this.#breaches.clear();
  }

  #tell(tenant: Tenant, breach: AccountLimitBreach): void {
    const { limitName: event, ...members } = breach;
    const fields = { event, type: STREAM_EVENTS[event], ...tenant, ...members };
    this.#log.warn(fields, 'limit breached');
    this.#sessionLog
      .appendAccountEvent(tenant, limitBreachEvent(breach, this.#clock.nowMs()))
      .catch((error: unknown) => {
        this.#log.error({ err: error }, 'cannot write down that a limit was breached');
      });
  }
}
