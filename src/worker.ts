import { type ThreadPort, threadOfWorker } from './adapters/worker-thread.ts';
import { startWorker } from './wiring/worker.ts';
import type { Batch } from './workers/link.ts';
import type { WorkerSettings } from './workers/process-messages.ts';

const { data, port } = threadOfWorker();
await startWorker(data as WorkerSettings, port as ThreadPort<Batch>, () => process.exit(0));
