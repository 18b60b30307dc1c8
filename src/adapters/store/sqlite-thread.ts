import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Logger, silentLogger } from '../../lib/logger.ts';
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

/** A worker, and who waits for it: replies come in the order of the requests. */
interface Running {
  readonly worker: Worker;
  readonly waiting: PromiseWithResolvers<SqliteResult>[];
}

/**
 * A SQLite connection of its own, at first on the thread that opens it: a start does without other threads, each of which is 40 ms
 * and 13 MB. Once it has moved out, its worker begins with the next request, and ends when it is told to rest. A worker that ends by
 * itself takes the turn with it in which that happened, and no other.
 */
export class SqliteThread {
  readonly #location: SqliteLocation;
  readonly #lock: Disposable | undefined;
  readonly #log: Logger;
  #local: SqliteConnection | undefined;
  #running: Running | undefined;
  /** A worker ended by itself in this turn: whatever it had begun is undone, and nothing more of the turn may be done. */
  #lost: StoreError | undefined;
  #closing: Promise<void> | undefined;

  /**
   * `lock`: ends after the connection, and not before: what nobody refers to ends with a garbage collection. Throws what SQLite
   * throws.
   */
  constructor(
    location: SqliteLocation,
    { lock, log = silentLogger }: { readonly lock?: Disposable; readonly log?: Logger } = {},
  ) {
    this.#location = location;
    this.#lock = lock;
    this.#log = log;
    this.#local = new SqliteConnection(location);
  }

  /** From here on nothing waits for the disk on this thread. Not within a transaction. */
  moveOut(): void {
    this.#local?.[Symbol.dispose]();
    this.#local = undefined;
  }

  /** Who asks from here on is another, and has begun nothing. */
  beginTurn(): void {
    this.#lost = undefined;
  }

  /** @throws SqliteError where SQLite refuses, StoreError where the thread has ended */
  async request(request: SqliteRequest): Promise<SqliteResult> {
    if (this.#closing) throw new StoreError('the database is closed');
    if (this.#lost) throw this.#lost;
    if (this.#local) return resultOf(this.#local.reply(request));
    this.#running ??= this.#start();
    return await ask(this.#running, request);
  }

  /** Ends the worker, behind what was asked before, until the next request. Not within a transaction. */
  async rest(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    const exited = once(running.worker, 'exit');
    // They fail only where it ends by itself.
    await Promise.allSettled([ask(running, { kind: 'close' }), exited]);
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
  }

  #start(): Running {
    const worker = new Worker(workerProgram('sqlite-worker', import.meta.url), {
      name: 'sqlite',
      workerData: this.#location,
      execArgv: [],
      // Nothing else of the environment concerns it.
      env: compileCacheEnvironment(),
    });
    const running: Running = { worker, waiting: [] };
    const lose = (reason: StoreError) => {
      for (const { reject } of running.waiting.splice(0)) reject(reason);
      if (this.#running !== running) return;
      this.#running = undefined;
      this.#lost = reason;
      const { role } = this.#location;
      this.#log.error(
        { role, err: reason },
        'a database thread ended, and what it was doing failed; the next request begins another one',
      );
    };
    worker.on('message', (reply: SqliteReply) => settle(running.waiting.shift(), reply));
    worker.on('error', (cause) => lose(new StoreError('the database thread failed', { cause })));
    worker.on('exit', () => lose(new StoreError('the database thread ended')));
    return running;
  }
}

function ask({ worker, waiting }: Running, request: SqliteRequest): Promise<SqliteResult> {
  const reply = Promise.withResolvers<SqliteResult>();
  // First, because it throws for what can't be cloned, and gets no reply then.
  worker.postMessage(request);
  waiting.push(reply);
  return reply.promise;
}

function settle(waiting: PromiseWithResolvers<SqliteResult> | undefined, reply: SqliteReply): void {
  try {
    waiting?.resolve(resultOf(reply));
  } catch (error) {
    waiting?.reject(error);
  }
}

/** @throws SqliteError where it says that SQLite refused */
function resultOf(reply: SqliteReply): SqliteResult {
  if ('result' in reply) return reply.result;
  throw new SqliteError(reply.failure.message, reply.failure.errorCode);
}
