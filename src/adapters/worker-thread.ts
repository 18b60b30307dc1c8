import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { compileCacheEnvironment } from './worker-program.ts';

/** What a worker begins with: `data` of whoever started it, and the counter of its link. */
interface WorkerBeginning {
  readonly data: unknown;
  readonly dealtWith: Int32Array;
}

/** One end of what two threads tell each other. */
export interface ThreadPort<Message> {
  readonly dealtWith: Int32Array;
  post(message: Message, memory: readonly ArrayBuffer[]): void;
  onMessage(receive: (message: Message) => void): void;
}

/**
 * A thread that shares this one's work, seen from here. What goes wrong in it ends it alone: an error that nobody caught, or
 * memory that grew beyond its limit.
 */
export class WorkerThread<Message> implements ThreadPort<Message> {
  readonly dealtWith = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  /** Resolves with what ended it. */
  readonly exited: Promise<unknown>;
  readonly #worker: Worker;

  /** `entry`: the file that it runs. */
  constructor(entry: URL, name: string, data: unknown) {
    this.#worker = new Worker(entry, {
      name,
      execArgv: [],
      workerData: { data, dealtWith: this.dealtWith } satisfies WorkerBeginning,
      env: compileCacheEnvironment(),
    });
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => resolve(cause ?? `exit code ${code}`));
    });
  }

  post(message: Message, memory: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, memory);
  }

  onMessage(receive: (message: Message) => void): void {
    this.#worker.on('message', receive);
  }

  /** At once, whatever it is doing. */
  terminate(): void {
    void this.#worker.terminate();
  }
}

/** The other end, within the worker. */
export function threadOfWorker(): {
  readonly data: unknown;
  readonly port: ThreadPort<unknown>;
} {
  const { data, dealtWith } = workerData as WorkerBeginning;
  const port = parentPort as MessagePort;
  return {
    data,
    port: {
      dealtWith,
      post: (message, memory) => port.postMessage(message, memory),
      onMessage: (receive) => void port.on('message', receive),
    },
  };
}
