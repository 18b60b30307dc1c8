import { ApiCallCounts } from './adapters/api-call-counts.ts';
import { CertificateKeeper, type CertificateSource } from './adapters/certificate-keeper.ts';
import { CountryDatabase } from './adapters/country-database.ts';
import {
  type AccessKey,
  findWriteObstacle,
  loadServerSecret,
  prepareDataDirectory,
} from './adapters/data-directory.ts';
import { healthRoutes } from './adapters/health-routes.ts';
import { metricsRoutes } from './adapters/metrics-routes.ts';
import { ReplyCounts } from './adapters/reply-counts.ts';
import { openSqliteStore } from './adapters/store/sqlite-store.ts';
import { randomBytes, systemClock } from './adapters/system.ts';
import type { WorkerPool } from './adapters/worker-pool.ts';
import { type Config, defaultPublicUrl } from './config.ts';
import type { Endpoints } from './control/channel-view.ts';
import { resetRoute } from './control/emulator.ts';
import { createControlApi } from './control/router.ts';
import { SessionIds } from './delivery/session-ids.ts';
import { ViewerSessions } from './delivery/viewer-sessions.ts';
import { IVS_CALLS_PER_SECOND } from './domain/call-rate-quotas.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { SlabPool } from './lib/slab-pool.ts';
import type { Transcoding } from './live/channel-renditions.ts';
import { LiveRegistry } from './live/live-registry.ts';
import { publicHost, startAccess } from './wiring/access.ts';
import { startEvents } from './wiring/events.ts';
import type { Foundation } from './wiring/foundation.ts';
import { takeUpHistory } from './wiring/history.ts';
import { collectAfterStreams } from './wiring/memory.ts';
import { forgettingMetrics, keepMetrics, metricsApi } from './wiring/metrics.ts';
import { playbackHandlers } from './wiring/playback.ts';
import { openIngestPorts, openWebPorts } from './wiring/ports.ts';
import { startRecording } from './wiring/recording.ts';
import { prepareTranscoding } from './wiring/transcoding.ts';
import { startWorkers } from './wiring/workers.ts';

/** A running Ivory. Disposing it ends streams first, then everything in the reverse order of its start. */
export interface Ivory extends AsyncDisposable {
  /** As viewers and encoders reach it. */
  readonly publicUrl: string;
  readonly httpPort: number;
  /** Absent: none. */
  readonly httpsPort?: number;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  /** The PEM file of the certificate of both TLS ports. */
  readonly certificatePath: string;
  readonly rootKey: AccessKey;
  /** The file that keeps it, where it is not configured. */
  readonly rootKeyPath: string;
  /** The root key was made by this start. */
  readonly isRootKeyNew: boolean;
}

/** The composition root: picks the adapters, wires the rooms, opens the ports. Rejects with one clear line if any can't be. */
export async function startIvory(
  config: Config,
  { log, clock = systemClock }: { readonly log: Logger; readonly clock?: Clock },
): Promise<Ivory> {
  await using starting = new AsyncDisposableStack();
  const directory = await prepareDataDirectory(config.dataDirectory);
  const resources = starting;
  const secret = await loadServerSecret(directory, randomBytes);
  const access = await startAccess({ config, directory, clock, log, resources });
  const source: CertificateSource = config.tls ?? {
    ownPath: directory.tlsCertificate,
    hosts: [hostOf(config)],
  };
  const certificates = starting.use(await CertificateKeeper.start({ source, clock, log }));
  const countries = new CountryDatabase(config.countryDatabase);
  const store = starting.use(await openSqliteStore(directory.database, clock, log));
  const foundation: Foundation = { config, directory, store, clock, log, resources };
  const events = await startEvents(foundation);
  await takeUpHistory(foundation);
  const recording = await startRecording(foundation);

  const ids = new SessionIds({ key: secret, random: randomBytes, clock });
  const viewers = new ViewerSessions({ ids, clock, log });
  starting.defer(() => viewers.close());
  const transcoding = Promise.withResolvers<Transcoding | undefined>();
  let transcodeDeaths = 0;
  const payloads = new SlabPool();
  starting.defer(collectAfterStreams(payloads, clock, log));
  const live = new LiveRegistry({
    clock,
    log,
    random: randomBytes,
    directory: store.channelDirectory,
    sessionLog: store.sessionLog,
    viewers,
    payloads,
    recorder: recording.recorder,
    quotas: config.quotas,
    transcoding: transcoding.promise,
  });
  const metrics = keepMetrics({
    ...foundation,
    readings: () => live.figures.readings(),
    countries,
  });

  let { httpPort } = config;
  const endpoints: Endpoints = {
    ingestHost: hostOf(config),
    srtHost: hostOf(config),
    get playbackBaseUrl() {
      return config.publicUrl ?? defaultPublicUrl(config.host, httpPort);
    },
  };
  const replyCounts = new ReplyCounts();
  const apiCalls = new ApiCallCounts();
  let isReady = false;
  const pools: WorkerPool[] = [];
  const handlers = [
    // First what is asked for most.
    ...(await playbackHandlers({
      ...foundation,
      live,
      viewers,
      countries,
      secret,
      isServed: recording.isServed,
    })),
    ...events.handlers,
    ...(config.isEmulator
      ? [
          resetRoute({
            store: forgettingMetrics(events.forgetting(store), metrics),
            live,
            log,
            ...publicHost(config),
          }),
        ]
      : []),
    metricsRoutes(config.metrics, {
      streams: () => live.figures.measurements(),
      httpReplies: () => replyCounts.byStatus,
      transcodeDeaths: () => transcodeDeaths,
      recordings: () => recording.recorder.measurements(),
      workerCount: () => pools.reduce((count, pool) => count + pool.readyCount, 0),
      certificateExpiresAtMs: () => certificates.certificate.notAfterMs,
      eventTargets: events.measurements,
      apiCalls,
    }),
    healthRoutes(async () => {
      // Any look-up will do: it says that the store answers.
      await store.channelDirectory.find('');
      return isReady ? findWriteObstacle(directory) : 'it starts or ends';
    }),
    metricsApi({
      history: metrics,
      authenticator: access.authenticatorOf('monitoring'),
      calls: apiCalls,
      clock,
      log,
    }),
    createControlApi({
      store: store.controlStore,
      live,
      clock,
      random: randomBytes,
      endpoints,
      quotas: config.quotas,
      recordingDestinations: recording.destinations,
      authenticator: access.authenticatorOf('ivs'),
      onAnswered: (operation, error) => apiCalls.count(operation, error),
      ...(config.isThrottled && { callsPerSecond: IVS_CALLS_PER_SECOND }),
      pageTokenKey: secret,
      logger: log,
    }),
  ];
  // Its end begins before that of the ports, and is waited for after it: clients are given the same few seconds by all threads.
  starting.defer(async () => void (await Promise.all(pools.map((pool) => pool.close()))));
  const ports = { config, certificates, clock, log, resources };
  const web = await openWebPorts({
    ...ports,
    handlers,
    replyCounts,
    endStreams: events.endStreams,
  });
  // The system's choice, where it was asked for one.
  httpPort = web.http;
  const ingest = await openIngestPorts({ ...ports, live, payloads });

  await store.moveOut();
  // Encoders wait for it, the ports do not: ffmpeg takes as long to say what it can do as all that was before.
  transcoding.resolve(prepareTranscoding(config, clock, log, () => transcodeDeaths++));

  const workers = startWorkers({
    ...{ config, certificates, clock, log, resources, payloads, handlers, replyCounts },
    ...{ live, viewers },
    ports: {
      ...{ httpPort: web.http, httpsPort: web.https },
      ...{ rtmpPort: ingest.rtmp, rtmpsPort: ingest.rtmps },
    },
    onServing: ingest.leave,
  });
  if (workers) pools.push(workers);
  starting.defer(() => void workers?.close());

  // Last in, first out: streams end in order while everything that they end into is still there.
  starting.use(live);
  starting.defer(() => {
    isReady = false;
  });
  isReady = true;

  const running = starting.move();
  return {
    publicUrl: endpoints.playbackBaseUrl,
    httpPort,
    ...(web.https !== undefined && { httpsPort: web.https }),
    rtmpPort: ingest.rtmp,
    rtmpsPort: ingest.rtmps,
    certificatePath: config.tls?.certificatePath ?? directory.tlsCertificate,
    rootKey: access.rootKey,
    rootKeyPath: directory.rootAccessKey,
    isRootKeyNew: access.isRootKeyNew,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The name by which encoders reach this server. */
function hostOf(config: Config): string {
  return new URL(config.publicUrl ?? defaultPublicUrl(config.host, config.httpPort)).hostname;
}
