import { type ThreadPort, threadOfWorker } from '../adapters/worker-thread.ts';
import type { Batch } from '../workers/link.ts';
import type { WorkerSettings } from '../workers/process-messages.ts';
import { startWorker } from './worker.ts';

const { data, port } = threadOfWorker();
// A port that can't be opened ends the thread: whoever keeps it running says so, and tries again.
void startWorker(data as WorkerSettings, port as ThreadPort<Batch>, () => process.exit(0));
