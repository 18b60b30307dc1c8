import type { ApiCallCounts } from '../adapters/api-call-counts.ts';
import { randomBytes } from '../adapters/system.ts';
import { createCloudWatchApi } from '../cloudwatch/cloudwatch-api.ts';
import type { Authenticator } from '../control/authentication.ts';
import type { ResettableStore } from '../control/emulator.ts';
import type { CountrySource } from '../delivery/ports.ts';
import type { StreamReading } from '../domain/stream-measurements.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { MetricHistory } from '../metrics/metric-history.ts';
import { StreamSampler } from '../metrics/stream-sampler.ts';
import type { Foundation } from './foundation.ts';

/** Soon after the start, when that is over, and then now and again. */
const FIRST_EXPIRY_MS = 60_000;
const EXPIRY_INTERVAL_MS = 3_600_000;

/** Measures every stream once a second from now on, and keeps what CloudWatch would. */
export function keepMetrics(
  foundation: Pick<Foundation, 'store' | 'clock' | 'log' | 'resources'> & {
    readonly readings: () => readonly StreamReading[];
    readonly countries: CountrySource;
  },
): MetricHistory {
  const { store, readings, countries, clock, log, resources } = foundation;
  const history = new MetricHistory(store.metricStore, log);
  resources.defer(() => history.flush());
  const sampler = new StreamSampler({
    clock,
    readings,
    sink: history,
    countryOf: (address) => countries.countryOf(address),
    log,
  });
  resources.defer(() => sampler.close());
  const stopping = new AbortController();
  let deleting = Promise.resolve();
  const expire = () => {
    deleting = deleting
      .then(() => history.deleteExpired(clock.nowMs(), stopping.signal))
      .catch((error: unknown) => log.error({ err: error }, 'cannot delete expired metrics'));
  };
  const cancels = [clock.after(FIRST_EXPIRY_MS, expire), clock.every(EXPIRY_INTERVAL_MS, expire)];
  resources.defer(() => {
    for (const cancel of cancels) cancel();
    // After a long pause there is an hour's work of it, and nobody waits that long for an end.
    stopping.abort();
    return deleting;
  });
  return history;
}

/** CloudWatch's API on the same port: requests are told apart by their form. */
export function metricsApi(options: {
  readonly history: MetricHistory;
  readonly authenticator: Authenticator;
  readonly calls: ApiCallCounts;
  readonly clock: Clock;
  readonly log: Logger;
}): HttpHandler {
  const { history, authenticator, calls, clock, log } = options;
  return createCloudWatchApi({
    history,
    authenticator,
    clock,
    random: randomBytes,
    logger: log,
    onAnswered: (operation, error) => calls.count(operation, error),
  });
}

/** A reset takes what is still in memory along. */
export function forgettingMetrics(store: ResettableStore, history: MetricHistory): ResettableStore {
  return {
    deleteEverything() {
      history.forget();
      return store.deleteEverything();
    },
  };
}
