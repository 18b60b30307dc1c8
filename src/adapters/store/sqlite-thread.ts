import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { SqliteReply, SqliteRequest, SqliteResult } from './sqlite-protocol.ts';
import { StoreError } from './store-error.ts';

/** SQLite refused. `errorCode` is one of https://sqlite.org/rescode.html. */
export class SqliteError extends Error {
  override name = 'SqliteError';
  readonly errorCode: number | undefined;

  constructor(message: string, errorCode: number | undefined) {
    super(message);
    this.errorCode = errorCode;
  }
}

interface Waiting {
  readonly resolve: (result: SqliteResult) => void;
  readonly reject: (error: Error) => void;
}

/** A worker with one SQLite connection, seen from the main thread. */
export class SqliteThread {
  readonly #worker: Worker;
  /** Replies come in the order of the requests. */
  readonly #waiting: Waiting[] = [];
  readonly #exited = Promise.withResolvers<void>();
  #ended: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor() {
    const compileCache = getCompileCacheDir();
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      name: 'sqlite',
      execArgv: [],
      // Nothing of the environment concerns it, but where the process caches compiled code the worker shall too:
      // it saves loading the type stripper into each worker, 25 ms and 10 MB.
      env: compileCache ? { NODE_COMPILE_CACHE: compileCache } : {},
    });
    this.#worker.on('message', (reply: SqliteReply) => this.#settle(reply));
    this.#worker.on('error', (cause) =>
      this.#end(new StoreError('the database thread failed', { cause })),
    );
    this.#worker.on('exit', () => {
      this.#end(new StoreError('the database is closed'));
      this.#exited.resolve();
    });
  }

  /** @throws SqliteError where SQLite refuses, StoreError where the thread has ended */
  async request(request: SqliteRequest): Promise<SqliteResult> {
    if (this.#ended) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<SqliteResult>();
    // First, because it throws for what can't be cloned, and gets no reply then.
    this.#worker.postMessage(request);
    this.#waiting.push({ resolve, reject });
    return await promise;
  }

  /** Answers what was asked before, then ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // It refuses only where it has ended, or ends, by itself.
    await this.request({ kind: 'close' }).catch(() => {});
    await this.#exited.promise;
  }

  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.shift();
    if ('result' in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new SqliteError(reply.failure.message, reply.failure.errorCode));
  }

  #end(reason: StoreError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
