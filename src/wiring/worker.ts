import { HttpServer } from '../adapters/http-server.ts';
import { HttpsServer } from '../adapters/https-server.ts';
import { ReplyCounts } from '../adapters/reply-counts.ts';
import { systemClock as clock, randomBytes, soon } from '../adapters/system.ts';
import type { ThreadPort } from '../adapters/worker-thread.ts';
import { RtmpServer } from '../ingest/rtmp-server.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { BacklogHold } from '../workers/backlog-hold.ts';
import type { Batch } from '../workers/link.ts';
import type { FromWorker, ToWorker, WorkerSettings } from '../workers/process-messages.ts';
import { RemoteHandler } from '../workers/remote-handler.ts';
import { RemoteLog } from '../workers/remote-log.ts';
import { RemotePublishGate } from '../workers/remote-publish-gate.ts';
import { ReplicaRoutes } from '../workers/replica-routes.ts';
import { StreamReplicas } from '../workers/stream-replicas.ts';
import { ViewerReports } from '../workers/viewer-reports.ts';
import { collectAfterStreams } from './memory.ts';
import { threadLink } from './thread-link.ts';

const ALIVE_MS = 1_000;

/** The composition root of a worker: opens the ports that it shares, and serves what comes. `end`: nothing is left to do. */
export async function startWorker(
  settings: WorkerSettings,
  port: ThreadPort<Batch>,
  end: () => void,
): Promise<void> {
  const link = threadLink(port, 'worker', () => backlog.posted());
  const life = link.conversation('process');
  const tell = (message: FromWorker) => life.send(0, message);
  const log = new RemoteLog((line) => tell({ kind: 'log', line }), settings.isDebug);
  const payloads = new SlabPool();
  collectAfterStreams(payloads, clock, log);
  const rtmp = new RtmpServer({
    gate: new RemotePublishGate(link.conversation('ingest'), { payloads, clock }),
    clock,
    soon,
    random: randomBytes,
    logger: log,
    payloads,
  });
  const backlog = new BacklogHold({
    backlog: () => link.backlog,
    hold: (isHeld) => rtmp.hold(isHeld),
    clock,
  });
  const replyCounts = new ReplyCounts();
  const replicas = new ReplicaRoutes({
    streams: new StreamReplicas({ conversation: link.conversation('windows'), clock }),
    viewers: new ViewerReports({ conversation: link.conversation('viewers'), clock, log }),
  });
  const main = new RemoteHandler(link.conversation('http'));
  const web = webServers([replicas.handle, main.handle], { settings, log, replyCounts });
  life.listen({
    message: (_subject, detail) => {
      const message = detail as ToWorker;
      if (message.kind === 'certificate') {
        rtmp.useCertificate(message.certificate);
        web.https.useCertificate(message.certificate);
      } else {
        const closing = [rtmp.close(), web.http.close(), web.https.close()];
        void Promise.allSettled(closing).then(() => {
          link.flush();
          setImmediate(end);
        });
      }
    },
  });
  port.onMessage((batch) => link.receive(batch));
  await openPorts(settings, rtmp, web);
  tell({ kind: 'ready' });
  clock.every(ALIVE_MS, () => tell({ kind: 'alive', replies: replyCounts.take() }));
}

interface WebServers {
  readonly http: HttpServer;
  readonly https: HttpsServer;
}

function webServers(
  handlers: readonly HttpHandler[],
  options: {
    readonly settings: WorkerSettings;
    readonly log: Logger;
    readonly replyCounts: ReplyCounts;
  },
): WebServers {
  const { settings, log, replyCounts } = options;
  const http = new HttpServer({ handlers, log, replyCounts });
  const { certificate } = settings;
  return { http, https: new HttpsServer({ handlers, log, replyCounts, http1: http, certificate }) };
}

async function openPorts(
  { host, httpPort, httpsPort, rtmpPort, rtmpsPort, certificate }: WorkerSettings,
  rtmp: RtmpServer,
  { http, https }: WebServers,
): Promise<void> {
  const joined = { host, sharing: 'join' } as const;
  await http.listen({ ...joined, port: httpPort });
  if (httpsPort !== undefined) await https.listen({ ...joined, port: httpsPort });
  await rtmp.listen({ ...joined, port: rtmpPort });
  await rtmp.listen({ ...joined, port: rtmpsPort, tls: certificate });
}
