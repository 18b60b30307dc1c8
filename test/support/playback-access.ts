import { randomBytes } from 'node:crypto';
import { ClientAddresses } from '../../src/delivery/client-addresses.ts';
import type { StreamOnAir } from '../../src/delivery/on-air.ts';
import { PlaybackAuthorization } from '../../src/delivery/playback-authorization.ts';
import { PlaybackRoutes } from '../../src/delivery/playback-routes.ts';
import type { PlaybackRecords, UsedToken } from '../../src/delivery/ports.ts';
import { SessionGate } from '../../src/delivery/session-gate.ts';
import { SessionIds } from '../../src/delivery/session-ids.ts';
import { ViewerSessions } from '../../src/delivery/viewer-sessions.ts';
import { type IpRange, parseIpRange } from '../../src/domain/iam/ip-range.ts';
import type { PlaybackRestrictionPolicyRecord } from '../../src/domain/playback-restriction-policy.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { streamSource } from './playback.ts';

/** The records that decide who may watch, as a test sets them. */
export class FakePlaybackRecords implements PlaybackRecords {
  keys: string[] = [];
  readonly policies = new Map<string, PlaybackRestrictionPolicyRecord>();
  readonly revoked = new Map<string, number>();
  readonly used = new Set<string>();
  /** How often a playback's start, or a session's, looked something up. */
  lookUps = 0;

  async publicKeys() {
    this.lookUps++;
    return this.keys;
  }

  async restrictionPolicy(arn: string) {
    this.lookUps++;
    return this.policies.get(arn);
  }

  async revokedVersion(_channelArn: string, viewerId: string) {
    this.lookUps++;
    return this.revoked.get(viewerId);
  }

  async useToken({ uuid }: UsedToken) {
    const isNew = !this.used.has(uuid);
    this.used.add(uuid);
    return isNew;
  }
}

/** Everything behind a playback URL, over streams, records and countries that a test hands in. */
export function playbackOf(
  streams: readonly StreamOnAir[],
  options: {
    readonly clock: Clock;
    readonly publicUrl?: string;
    readonly records?: PlaybackRecords;
    readonly countries?: Readonly<Record<string, string>>;
    readonly trustedProxies?: readonly string[];
    readonly maxConcurrentViews?: number;
  },
) {
  const { clock, publicUrl, records = new FakePlaybackRecords() } = options;
  const viewers = new ViewerSessions({
    ids: new SessionIds({ key: randomBytes(32), random: randomBytes, clock }),
    clock,
    log: silentLogger,
  });
  const clients = new ClientAddresses(
    (options.trustedProxies ?? []).map((text) => parseIpRange(text) as IpRange),
  );
  const countries = { countryOf: (address: string) => options.countries?.[address] };
  const routes = new PlaybackRoutes({
    streams: streamSource(...streams),
    viewers,
    authorization: new PlaybackAuthorization({
      records,
      countries,
      clients,
      clock,
      views: {
        countViews: () =>
          streams.reduce((sum, { playbackId }) => sum + viewers.countPresent(playbackId), 0),
        observeViews: () => {},
      },
      maxConcurrentViews: options.maxConcurrentViews ?? 15_000,
    }),
    gate: new SessionGate({ viewers, records, countries, clients, log: silentLogger }),
    clients,
    countries,
    clock,
    ...(publicUrl !== undefined && { publicUrl }),
  });
  return { routes, viewers };
}
