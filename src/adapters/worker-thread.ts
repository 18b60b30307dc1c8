import { getCompileCacheDir } from 'node:module';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';

/** What a worker begins with: `data` of whoever started it, and the counter of its link. */
export interface WorkerBeginning<Data> {
  readonly data: Data;
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
    const compileCache = getCompileCacheDir();
    this.#worker = new Worker(entry, {
      name,
      execArgv: [],
      workerData: { data, dealtWith: this.dealtWith } satisfies WorkerBeginning<unknown>,
      env: compileCache ? { NODE_COMPILE_CACHE: compileCache } : {},
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
export function threadOfWorker<Data, Message>(): {
  readonly data: Data;
  readonly port: ThreadPort<Message>;
} {
  const { data, dealtWith } = workerData as WorkerBeginning<Data>;
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
