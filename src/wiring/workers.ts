import type { CertificateKeeper } from '../adapters/certificate-keeper.ts';
import { canSharePorts, ThreadLoad, usableCores } from '../adapters/process-load.ts';
import type { ReplyCounts } from '../adapters/reply-counts.ts';
import { type PooledWorker, type WorkerListener, WorkerPool } from '../adapters/worker-pool.ts';
import { workerProgram } from '../adapters/worker-program.ts';
import { WorkerThread } from '../adapters/worker-thread.ts';
import type { Config } from '../config.ts';
import type { ViewerSessions } from '../delivery/viewer-sessions.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { LiveRegistry } from '../live/live-registry.ts';
import { HttpHost } from '../workers/http-host.ts';
import { IngestHost } from '../workers/ingest-host.ts';
import type { Batch, Link } from '../workers/link.ts';
import { PartCopies } from '../workers/part-copies.ts';
import type { FromWorker, ToWorker, WorkerSettings } from '../workers/process-messages.ts';
import { countReportedViewers } from '../workers/viewer-reports.ts';
import { WindowFeed } from '../workers/window-feed.ts';
import type { Foundation } from './foundation.ts';
import { threadLink } from './thread-link.ts';

/** One thread packages for all: beyond this many it is what all of them wait for. */
const MAX_WORKERS = 8;

/**
 * A thread that is busy for half of two seconds will soon have too much to do; one that has a stream or two and a few viewers
 * never is, and needs no others beside it.
 */
const BUSY_SHARE = 0.5;
const BUSY_SECONDS = 2;
const LOAD_CHECK_MS = 1_000;

/** How many threads share the work of the main one, at most. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  if (!canSharePorts()) return 0;
  if (workers !== 'auto') return workers;
  const cores = usableCores();
  // As many as there are cores, for the main thread is less busy than they are once it has them.
  return cores > 1 ? Math.min(cores, MAX_WORKERS) : 0;
}

export type WorkerFoundation = Pick<Foundation, 'config' | 'clock' | 'log' | 'resources'> & {
  readonly certificates: CertificateKeeper;
  readonly live: LiveRegistry;
  readonly viewers: ViewerSessions;
  readonly payloads: SlabPool;
  readonly handlers: readonly HttpHandler[];
  readonly replyCounts: ReplyCounts;
  /** The ports that are open, and shared. */
  readonly ports: Pick<WorkerSettings, 'httpPort' | 'httpsPort' | 'rtmpPort' | 'rtmpsPort'>;
  /** Whether any worker takes connections. */
  readonly onServing: (isServing: boolean) => void;
};

/** The threads beside this one, which begin when there is work for them. */
export function startWorkers(foundation: WorkerFoundation): WorkerPool | undefined {
  const { config, certificates, clock, log, resources, onServing } = foundation;
  const count = workerCount(config);
  if (count === 0) return undefined;
  const workers = new Set<LinkedWorker>();
  const shared = { ...foundation, copies: new PartCopies() };
  const start = (name: string, listener: WorkerListener) => {
    const worker: LinkedWorker = new LinkedWorker(shared, { name, listener }, () => {
      workers.delete(worker);
    });
    workers.add(worker);
    return worker;
  };
  const pool = new WorkerPool({ count, start, onServing, clock, log });
  certificates.onRenewed((certificate) => {
    for (const worker of workers) worker.tell({ kind: 'certificate', certificate });
  });
  if (config.workers !== 'auto') pool.start();
  else resources.defer(onceBusy(foundation, () => pool.start()));
  return pool;
}

function onceBusy({ clock }: WorkerFoundation, run: () => void): () => void {
  const load = new ThreadLoad();
  let busySeconds = 0;
  const cancel = clock.every(LOAD_CHECK_MS, () => {
    busySeconds = load.takeBusyShare() >= BUSY_SHARE ? busySeconds + 1 : 0;
    if (busySeconds < BUSY_SECONDS) return;
    cancel();
    run();
  });
  return cancel;
}

/** A worker, and what this thread does for it. */
class LinkedWorker implements PooledWorker {
  readonly exited: Promise<unknown>;
  readonly #thread: WorkerThread<Batch>;
  readonly #link: Link;
  readonly #ingest: IngestHost;
  readonly #windows: WindowFeed;
  readonly #http: HttpHost;
  readonly #onGone: () => void;

  constructor(
    foundation: WorkerFoundation & { readonly copies: PartCopies },
    { name, listener }: { readonly name: string; readonly listener: WorkerListener },
    onGone: () => void,
  ) {
    const { config, certificates, live, payloads, handlers, replyCounts, ports, log } = foundation;
    const { cert, key } = certificates.certificate;
    const settings: WorkerSettings = {
      host: config.host,
      isDebug: config.logLevel === 'debug',
      certificate: { cert, key },
      ...ports,
    };
    const thread = new WorkerThread<Batch>(
      workerProgram('connection-worker', import.meta.url),
      name,
      settings,
    );
    this.#thread = thread;
    this.#onGone = onGone;
    this.exited = thread.exited;
    this.#link = threadLink(thread, 'main');
    this.#link.conversation('process').listen({
      message: (_subject, detail) => {
        const message = detail as FromWorker;
        if (message.kind === 'log') {
          const { level, fields, message: text } = message.line;
          log[level]({ ...fields, worker: name }, text);
          return;
        }
        listener.alive();
        if (message.kind === 'ready') listener.ready();
        else for (const [status, count] of message.replies) replyCounts.count(status, count);
      },
    });
    this.#ingest = new IngestHost(this.#link.conversation('ingest'), { gate: live, payloads });
    this.#windows = new WindowFeed({
      conversation: this.#link.conversation('windows'),
      copies: foundation.copies,
      byPlaybackId: (playbackId) => live.byPlaybackId(playbackId),
    });
    countReportedViewers(this.#link.conversation('viewers'), foundation.viewers);
    this.#http = new HttpHost(this.#link.conversation('http'), { handlers, log });
    thread.onMessage((batch) => {
      try {
        this.#link.receive(batch);
      } catch (error) {
        listener.broken(error);
      }
    });
  }

  tell(message: ToWorker): void {
    this.#link.conversation('process').send(0, message);
  }

  close(): void {
    this.tell({ kind: 'close' });
  }

  terminate(): void {
    this.#thread.terminate();
  }

  gone(): void {
    this.#ingest.close();
    this.#windows.close();
    this.#http[Symbol.dispose]();
    this.#onGone();
  }
}
