import { loadOperatorAssets, loadWatchAssets } from '../adapters/page-assets.ts';
import { DirectoryObjects } from '../adapters/stored-objects.ts';
import { randomBytes } from '../adapters/system.ts';
import { ClientAddresses } from '../delivery/client-addresses.ts';
import { OperatorRoutes } from '../delivery/operator-routes.ts';
import { PlaybackAuthorization } from '../delivery/playback-authorization.ts';
import { PlaybackRoutes } from '../delivery/playback-routes.ts';
import type { CountrySource } from '../delivery/ports.ts';
import { RecordingAccess } from '../delivery/recording-access.ts';
import { recordingRoutes } from '../delivery/recording-routes.ts';
import { SessionGate } from '../delivery/session-gate.ts';
import { SessionIds } from '../delivery/session-ids.ts';
import type { ViewerSessions } from '../delivery/viewer-sessions.ts';
import { WatchRoutes } from '../delivery/watch-routes.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { LiveRegistry } from '../live/live-registry.ts';
import type { Foundation } from './foundation.ts';

/** What viewers ask for: streams on air, recordings, the watch page; and the operator's page. */
export async function playbackHandlers(
  foundation: Omit<Foundation, 'resources'> & {
    readonly live: LiveRegistry;
    readonly viewers: ViewerSessions;
    readonly countries: CountrySource;
    /** Seals the ids of sessions. */
    readonly secret: Uint8Array;
    readonly isServed: (bucketName: string) => boolean;
  },
): Promise<readonly HttpHandler[]> {
  const { config, directory, store, live, viewers, countries, secret, clock, log } = foundation;
  const records = store.playbackRecords;
  const clients = new ClientAddresses(config.trustedProxies);
  const publicUrl = config.publicUrl && { publicUrl: config.publicUrl };
  const authorization = new PlaybackAuthorization({
    records,
    countries,
    clients,
    views: live,
    maxConcurrentViews: config.quotas.concurrentViews,
    clock,
  });
  const streams = new PlaybackRoutes({
    streams: live,
    viewers,
    authorization,
    gate: new SessionGate({ viewers, records, countries, clients, log }),
    clients,
    countries,
    clock,
    ...publicUrl,
  });
  const recordings = new RecordingAccess({
    authorization,
    countries,
    clients,
    channels: store.recordingCatalog,
    records,
    ids: new SessionIds({ key: secret, random: randomBytes, clock }),
    clock,
  });
  const watch = new WatchRoutes({
    assets: await loadWatchAssets(),
    channels: store.channelDirectory,
    recordings: store.recordingCatalog,
    isServed: foundation.isServed,
    ...publicUrl,
  });
  const operator = new OperatorRoutes({
    assets: await loadOperatorAssets(),
    region: config.region,
  });
  const access = config.recordingPlayback === 'all' ? undefined : recordings;
  return [
    streams.handle,
    ...(config.recordingPlayback === 'off'
      ? []
      : [recordingRoutes(new DirectoryObjects(directory.buckets), access)]),
    watch.handle,
    operator.handle,
  ];
}
