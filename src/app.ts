import { join } from 'node:path';
import { ApiCallCounts } from './adapters/api-call-counts.ts';
import { CertificateKeeper, type CertificateSource } from './adapters/certificate-keeper.ts';
import { CountryDatabase } from './adapters/country-database.ts';
import {
  type AccessKey,
  type DataDirectory,
  loadRootAccessKey,
  loadServerSecret,
  prepareDataDirectory,
} from './adapters/data-directory.ts';
import { healthRoutes } from './adapters/health-routes.ts';
import { DEFAULT_HTTP_LIMITS } from './adapters/http-limits.ts';
import { HttpServer } from './adapters/http-server.ts';
import { HttpsServer } from './adapters/https-server.ts';
import { ListenError } from './adapters/listen-error.ts';
import { metricsRoutes } from './adapters/metrics-routes.ts';
import { watchOperatorFile } from './adapters/operator-file.ts';
import { PeerCounter } from './adapters/peer-counter.ts';
import { ReplyCounts } from './adapters/reply-counts.ts';
import { openSqliteStore } from './adapters/store/sqlite-store.ts';
import { randomBytes, systemClock } from './adapters/system.ts';
import { loadWatchAssets } from './adapters/watch-assets.ts';
import { type Config, defaultPublicUrl } from './config.ts';
import { AccessKeyRing } from './control/access-key-file.ts';
import { SignatureAuthenticator } from './control/authentication.ts';
import type { Endpoints } from './control/channel-view.ts';
import { rootAccessKey } from './control/credentials.ts';
import { EmulatorAuthenticator, resetRoute } from './control/emulator.ts';
import { createControlApi } from './control/router.ts';
import { ClientAddresses } from './delivery/client-addresses.ts';
import { PlaybackAuthorization } from './delivery/playback-authorization.ts';
import { PlaybackRoutes } from './delivery/playback-routes.ts';
import { SessionGate } from './delivery/session-gate.ts';
import { SessionIds } from './delivery/session-ids.ts';
import { ViewerSessions } from './delivery/viewer-sessions.ts';
import { WatchRoutes } from './delivery/watch-routes.ts';
import { IVS_CALLS_PER_SECOND } from './domain/call-rate-quotas.ts';
import { type RtmpListenOptions, RtmpServer } from './ingest/rtmp-server.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { SlabPool } from './lib/slab-pool.ts';
import { LiveRegistry } from './live/live-registry.ts';

import { startEvents } from './wiring/events.ts';
import { takeUpHistory } from './wiring/history.ts';
import { collectAfterStreams } from './wiring/memory.ts';
import { forgettingMetrics, keepMetrics, metricsApi } from './wiring/metrics.ts';
import { recordedPlayback, startRecording } from './wiring/recording.ts';
import { prepareTranscoding } from './wiring/transcoding.ts';

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
  const finding = prepareTranscoding(config, clock, log);
  const directory = await prepareDataDirectory(config.dataDirectory);
  const [rootKey, secret] = await Promise.all([
    loadRootKey(config, directory),
    loadServerSecret(directory, randomBytes),
  ]);
  const countries = new CountryDatabase(config.countryDatabase);
  const source = certificateSource(config, directory);
  const certificates = starting.use(await CertificateKeeper.start({ source, clock, log }));
  const store = starting.use(await openSqliteStore(directory.database, clock));
  const events = await startEvents({ config, directory, store, clock, log, resources: starting });
  await takeUpHistory(store, clock, log, starting);
  const recording = await startRecording({
    config,
    directory,
    store,
    clock,
    log,
    resources: starting,
  });

  const viewers = new ViewerSessions({
    ids: new SessionIds({ key: secret, random: randomBytes, clock }),
    clock,
    log,
  });
  starting.defer(() => viewers.close());

  let isReady = false;
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
    transcoding: finding,
  });
  const metrics = keepMetrics({
    store,
    readings: () => live.readings(),
    countries,
    clock,
    log,
    resources: starting,
  });
  const records = store.playbackRecords;
  const clients = new ClientAddresses(config.trustedProxies);
  const authorization = new PlaybackAuthorization({
    records,
    countries,
    clients,
    views: live,
    maxConcurrentViews: config.quotas.concurrentViews,
    clock,
  });
  const endpoints: Endpoints = {
    ingestHost: hostOf(config),
    srtHost: hostOf(config),
    get playbackBaseUrl() {
      return config.publicUrl ?? defaultPublicUrl(config.host, httpPort);
    },
  };
  const accessKeys = new AccessKeyRing(
    rootAccessKey({ ...rootKey.key, accountId: config.accountId }),
    config.accountId,
  );
  const accessKeysFile = config.accessKeysFile ?? join(directory.path, 'access-keys.json');
  starting.use(
    await watchOperatorFile({
      subject: 'access keys',
      load: (text) => accessKeys.load(text),
      path: accessKeysFile,
      isRequired: config.accessKeysFile !== undefined,
      clock,
      log,
    }),
  );
  const publicHost = config.publicUrl && { publicHost: new URL(config.publicUrl).host };
  const authenticatorOf = (service: string) =>
    config.isEmulator
      ? new EmulatorAuthenticator({ accessKeys, accountId: config.accountId, ...publicHost })
      : new SignatureAuthenticator(accessKeys, clock, service);
  const replyCounts = new ReplyCounts();
  const apiCalls = new ApiCallCounts();
  const web = {
    log,
    replyCounts,
    connectionCount: new PeerCounter(
      DEFAULT_HTTP_LIMITS.maxConnections,
      DEFAULT_HTTP_LIMITS.maxConnectionsPerAddress,
    ),
    handlers: [
      new PlaybackRoutes({
        streams: live,
        viewers,
        authorization,
        gate: new SessionGate({ viewers, records, countries, clients, log }),
        clients,
        countries,
        clock,
        ...(config.publicUrl && { publicUrl: config.publicUrl }),
      }).handle,
      recordedPlayback({
        config,
        directory,
        store,
        authorization,
        countries,
        clients,
        secret,
        clock,
      }),
      new WatchRoutes({
        assets: await loadWatchAssets(),
        channels: store.channelDirectory,
        recordings: store.recordingCatalog,
        isServed: recording.isServed,
        ...(config.publicUrl && { publicUrl: config.publicUrl }),
      }).handle,
      ...events.handlers,
      ...(config.isEmulator
        ? [
            resetRoute({
              store: forgettingMetrics(events.forgetting(store), metrics),
              live,
              log,
              ...publicHost,
            }),
          ]
        : []),
      metricsRoutes(config.metrics, {
        streams: () => live.measurements(),
        httpReplies: () => replyCounts.byStatus,
        eventTargets: events.measurements,
        apiCalls,
      }),
      healthRoutes(async () => {
        // Any look-up will do: it says that the store answers.
        await store.channelDirectory.find('');
        return isReady;
      }),
      metricsApi({
        history: metrics,
        authenticator: authenticatorOf('monitoring'),
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
        authenticator: authenticatorOf('ivs'),
        onAnswered: (operation, error) => apiCalls.count(operation, error),
        ...(config.isThrottled && { callsPerSecond: IVS_CALLS_PER_SECOND }),
        pageTokenKey: secret,
        logger: log,
      }),
    ],
  };
  const http = new HttpServer(web);
  const https = new HttpsServer({ ...web, http1: http, certificate: certificates.certificate });
  certificates.onRenewed((certificate) => https.useCertificate(certificate));
  // At once: the answers of both are given the same few seconds.
  starting.defer(async () => void (await Promise.all([http.close(), https.close()])));
  starting.defer(events.endStreams);
  const { host } = config;
  const { port: httpPort } = await http.listen({ host, port: config.httpPort });

  const rtmp = new RtmpServer({ gate: live, clock, logger: log, random: randomBytes, payloads });
  starting.defer(() => rtmp.close());
  const rtmpPort = await listen(rtmp, { host, port: config.rtmpPort });
  const rtmpsPort = await listen(rtmp, {
    host,
    port: config.rtmpsPort,
    tls: certificates.certificate,
  });
  certificates.onRenewed((certificate) => rtmp.useCertificate(certificate));
  const httpsPort = await listenHttps(https, config, log);

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
    ...(httpsPort !== undefined && { httpsPort }),
    rtmpPort,
    rtmpsPort,
    certificatePath: config.tls?.certificatePath ?? directory.tlsCertificate,
    rootKey: rootKey.key,
    rootKeyPath: directory.rootAccessKey,
    isRootKeyNew: rootKey.isNew,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Says of a port that can't be had what the HTTP server says of its own. */
function listen(rtmp: RtmpServer, options: RtmpListenOptions): Promise<number> {
  return rtmp.listen(options).catch((error: NodeJS.ErrnoException) => {
    throw new ListenError(error.code ?? 'UNKNOWN', options, error);
  });
}

async function loadRootKey(config: Config, directory: DataDirectory) {
  if (config.rootAccessKey) return { key: config.rootAccessKey, isNew: false };
  return loadRootAccessKey(directory, randomBytes);
}

function certificateSource(config: Config, directory: DataDirectory): CertificateSource {
  return config.tls ?? { ownPath: directory.tlsCertificate, hosts: [hostOf(config)] };
}

async function listenHttps(
  server: HttpsServer,
  { host, https }: Config,
  log: Logger,
): Promise<number | undefined> {
  if (https === undefined) return undefined;
  try {
    return (await server.listen({ host, port: https.port })).port;
  } catch (error) {
    if (https.isRequired || !(error instanceof ListenError)) throw error;
    log.warn({}, `no HTTPS: ${error.message}; IVORY_HTTPS_PORT names another port, or is off`);
    return undefined;
  }
}

/** The name by which encoders reach this server. */
function hostOf(config: Config): string {
  return new URL(config.publicUrl ?? defaultPublicUrl(config.host, config.httpPort)).hostname;
}
