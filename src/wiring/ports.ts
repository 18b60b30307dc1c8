import type { CertificateKeeper } from '../adapters/certificate-keeper.ts';
import { HttpServer } from '../adapters/http-server.ts';
import { HttpsServer } from '../adapters/https-server.ts';
import { ListenError } from '../adapters/listen-error.ts';
import { canSharePorts } from '../adapters/process-load.ts';
import type { ReplyCounts } from '../adapters/reply-counts.ts';
import { randomBytes, soon } from '../adapters/system.ts';
import type { Config } from '../config.ts';
import { type RtmpListenOptions, RtmpServer } from '../ingest/rtmp-server.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { LiveRegistry } from '../live/live-registry.ts';
import type { SettingName } from '../settings.ts';
import type { Foundation } from './foundation.ts';

/** Several listeners of this thread, and of others, may have the same port. */
const SHARING = canSharePorts() ? 'begin' : undefined;

type PortFoundation = Pick<Foundation, 'config' | 'clock' | 'log' | 'resources'> & {
  readonly certificates: CertificateKeeper;
};

export interface WebPorts {
  readonly http: number;
  /** Absent: none. */
  readonly https: number | undefined;
}

/** HTTP and HTTPS, with one set of handlers and one count of connections. Rejects with one line that names the setting. */
export async function openWebPorts(
  foundation: PortFoundation & {
    readonly handlers: readonly HttpHandler[];
    readonly replyCounts: ReplyCounts;
    /** Ends the answers that go on for ever. */
    readonly endStreams: () => void;
  },
): Promise<WebPorts> {
  const { config, certificates, handlers, replyCounts, log, resources } = foundation;
  const options = { handlers, replyCounts, log };
  const http = new HttpServer(options);
  const { certificate } = certificates;
  const https = new HttpsServer({ ...options, http1: http, certificate });
  certificates.onRenewed((renewed) => https.useCertificate(renewed));
  // At once: the answers of both are given the same few seconds.
  resources.defer(async () => void (await Promise.all([http.close(), https.close()])));
  resources.defer(foundation.endStreams);
  const { host } = config;
  const listening = http.listen({ host, port: config.httpPort, sharing: SHARING });
  const { port } = await naming('IVORY_HTTP_PORT', listening);
  return { http: port, https: await listenHttps(https, config, log) };
}

async function listenHttps(
  server: HttpsServer,
  { host, https }: Config,
  log: Logger,
): Promise<number | undefined> {
  if (https === undefined) return undefined;
  const listening = server.listen({ host, port: https.port, sharing: SHARING });
  try {
    return (await (https.isRequired ? naming('IVORY_HTTPS_PORT', listening) : listening)).port;
  } catch (error) {
    if (https.isRequired || !(error instanceof ListenError)) throw error;
    log.warn({}, `no HTTPS: ${error.message}; IVORY_HTTPS_PORT names another port, or is off`);
    return undefined;
  }
}

export interface IngestPorts {
  readonly rtmp: number;
  readonly rtmps: number;
  /** Leaves the encoders that come from now on to the other threads, or takes them again. */
  leave(isLeft: boolean): void;
}

/** RTMP and RTMPS. Rejects with one line that names the setting. */
export async function openIngestPorts(
  foundation: PortFoundation & { readonly live: LiveRegistry; readonly payloads: SlabPool },
): Promise<IngestPorts> {
  const { config, certificates, live, payloads, clock, log, resources } = foundation;
  const server = new RtmpServer({
    gate: live,
    clock,
    soon,
    logger: log,
    random: randomBytes,
    payloads,
  });
  resources.defer(() => server.close());
  const { host } = config;
  const rtmp = await naming(
    'IVORY_RTMP_PORT',
    listen(server, { host, port: config.rtmpPort, sharing: SHARING }),
  );
  const tls = certificates.certificate;
  const rtmps = await naming(
    'IVORY_RTMPS_PORT',
    listen(server, { host, port: config.rtmpsPort, sharing: SHARING, tls }),
  );
  certificates.onRenewed((renewed) => server.useCertificate(renewed));
  const join = async () => {
    const { certificate } = certificates;
    // At once: whoever leaves meanwhile leaves both.
    await Promise.all([
      server.listen({ host, port: rtmp, sharing: 'join' }),
      server.listen({ host, port: rtmps, sharing: 'join', tls: certificate }),
    ]);
  };
  const leave = (isLeft: boolean) => {
    if (isLeft) server.leave();
    else join().catch((error: unknown) => log.error({ err: error }, 'encoders are not taken'));
  };
  return { rtmp, rtmps, leave };
}

/** Says of a port that can't be had what the HTTP server says of its own. */
function listen(server: RtmpServer, options: RtmpListenOptions): Promise<number> {
  return server.listen(options).catch((error: NodeJS.ErrnoException) => {
    throw new ListenError(error.code ?? 'UNKNOWN', options, error);
  });
}

/** Says which setting is to be changed, where a port or an address is to blame. */
async function naming<T>(portSetting: SettingName, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const advice = ADVICE[error.code]?.(portSetting);
    throw advice ? new Error(`${error.message}; ${advice}`, { cause: error }) : error;
  }
}

const setPort = (portSetting: SettingName) => `set ${portSetting} to another port`;
const setHost = () => 'set IVORY_HOST to another address';

const ADVICE: Readonly<Record<string, ((portSetting: SettingName) => string) | undefined>> = {
  EADDRINUSE: setPort,
  EACCES: setPort,
  EADDRNOTAVAIL: setHost,
  ENOTFOUND: setHost,
};
