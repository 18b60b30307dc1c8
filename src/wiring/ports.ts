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

/** HTTP and HTTPS, with one set of handlers and one count of connections. Rejects with `ListenError`. */
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
  const { port } = await http.listen({
    host: config.host,
    port: config.httpPort,
    sharing: SHARING,
  });
  return { http: port, https: await listenHttps(https, config, log) };
}

async function listenHttps(
  server: HttpsServer,
  { host, https }: Config,
  log: Logger,
): Promise<number | undefined> {
  if (https === undefined) return undefined;
  try {
    return (await server.listen({ host, port: https.port, sharing: SHARING })).port;
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

/** RTMP and RTMPS. Rejects with `ListenError`. */
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
  const rtmp = await listen(server, { host, port: config.rtmpPort, sharing: SHARING });
  const tls = certificates.certificate;
  const rtmps = await listen(server, { host, port: config.rtmpsPort, sharing: SHARING, tls });
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
