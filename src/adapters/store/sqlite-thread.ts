import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { compileCacheEnvironment, workerProgram } from '../worker-program.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import type {
  SqliteLocation,
  SqliteReply,
  SqliteRequest,
  SqliteResult,
} from './sqlite-protocol.ts';
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

/**
 * A SQLite connection of its own, at first on the thread that opens it: a start does without other threads, each of which is 40 ms
 * and 13 MB. Once it has moved out, its worker begins with the next request, and ends when it is told to rest.
 */
export class SqliteThread {
  readonly #location: SqliteLocation;
  readonly #lock: Disposable | undefined;
  #local: SqliteConnection | undefined;
  #worker: Worker | undefined;
  /** Replies come in the order of the requests. */
  readonly #waiting: PromiseWithResolvers<SqliteResult>[] = [];
  #ended: StoreError | undefined;
  #closing: Promise<void> | undefined;

  /**
   * `lock`: ends after the connection, and not before: what nobody refers to ends with a garbage collection. Throws what SQLite
   * throws.
   */
  constructor(location: SqliteLocation, lock?: Disposable) {
    this.#location = location;
    this.#lock = lock;
    this.#local = new SqliteConnection(location);
  }

  /** From here on nothing waits for the disk on this thread. Not within a transaction. */
  moveOut(): void {
    this.#local?.[Symbol.dispose]();
    this.#local = undefined;
  }

  /** @throws SqliteError where SQLite refuses, StoreError where the thread has ended */
  async request(request: SqliteRequest): Promise<SqliteResult> {
    if (this.#ended) throw this.#ended;
    if (this.#closing) throw new StoreError('the database is closed');
    if (this.#local) return resultOf(this.#local.reply(request));
    const waiting = Promise.withResolvers<SqliteResult>();
    this.#worker ??= this.#start();
    // First, because it throws for what can't be cloned, and gets no reply then.
    this.#worker.postMessage(request);
    this.#waiting.push(waiting);
    return await waiting.promise;
  }

  /** Ends the worker, behind what was asked before, until the next request. Not within a transaction. */
  async rest(): Promise<void> {
    const worker = this.#worker;
    if (!worker || this.#ended) return;
    const exited = once(worker, 'exit');
    const closed = this.request({ kind: 'close' });
    this.#worker = undefined;
    // They fail only where it ends by itself.
    await Promise.allSettled([closed, exited]);
  }

  /** Answers what was asked before, then ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.rest();
    this.moveOut();
    this.#lock?.[Symbol.dispose]();
    this.#end(new StoreError('the database is closed'));
  }

  #start(): Worker {
    const worker = new Worker(workerProgram('sqlite-worker', import.meta.url), {
      name: 'sqlite',
      workerData: this.#location,
      execArgv: [],
      // Nothing else of the environment concerns it.
      env: compileCacheEnvironment(),
    });
    worker.on('message', (reply: SqliteReply) => this.#settle(reply));
    worker.on('error', (cause) =>
      this.#end(new StoreError('the database thread failed', { cause })),
    );
    worker.on('exit', () => {
      if (worker === this.#worker) this.#end(new StoreError('the database thread ended'));
    });
    return worker;
  }

  #settle(reply: SqliteReply): void {
    const waiting = this.#waiting.shift();
    try {
      waiting?.resolve(resultOf(reply));
    } catch (error) {
      waiting?.reject(error);
    }
  }

  #end(reason: StoreError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** @throws SqliteError where it says that SQLite refused */
function resultOf(reply: SqliteReply): SqliteResult {
  if ('result' in reply) return reply.result;
  throw new SqliteError(reply.failure.message, reply.failure.errorCode);
}
