import { threadOfWorker } from './adapters/worker-thread.ts';
import { startWorker } from './wiring/worker.ts';
import type { Batch } from './workers/link.ts';
import type { WorkerSettings } from './workers/process-messages.ts';

const { data, port } = threadOfWorker<WorkerSettings, Batch>();
await startWorker(data, port, () => process.exit(0));
