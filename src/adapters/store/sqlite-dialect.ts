import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import type { SqliteValue } from './sqlite-protocol.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import { Turnstile } from './turnstile.ts';

/** A server that does nothing gives 13 MB a thread back; one that does something is rarely silent for so long. */
const REST_AFTER_MS = 60_000;

/** Kysely over the one connection of a `SqliteThread`, which rests when nobody asks it anything. */
export class SqliteThreadDialect implements Dialect {
  readonly #thread: SqliteThread;
  readonly #restAfterMs: number;

  constructor(thread: SqliteThread, restAfterMs: number = REST_AFTER_MS) {
    this.#thread = thread;
    this.#restAfterMs = restAfterMs;
  }

  createDriver(): Driver {
    return new SqliteThreadDriver(this.#thread, this.#restAfterMs);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  /** The driver's turnstile is first come, first served; Kysely's own mutex is not. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** SQLite's schema changes take part in transactions: a migration happens as a whole or not at all. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SqliteThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  readonly #connection: SqliteThreadConnection;
  readonly #turnstile = new Turnstile();
  readonly #restAfterMs: number;
  #restTimer: NodeJS.Timeout | undefined;

  constructor(thread: SqliteThread, restAfterMs: number) {
    this.#thread = thread;
    this.#connection = new SqliteThreadConnection(thread);
    this.#restAfterMs = restAfterMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turnstile.enter();
    this.#thread.beginTurn();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#turnstile.leave();
    this.#restTimer ??= setTimeout(() => this.#rest(), this.#restAfterMs).unref();
    this.#restTimer.refresh();
  }

  async beginTransaction(
    connection: DatabaseConnection,
    { accessMode }: TransactionSettings,
  ): Promise<void> {
    // Immediate: what a write transaction reads cannot change before it writes.
    const begin = accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(begin));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(): Promise<void> {
    await this.#thread.request({ kind: 'rollback' });
  }

  /** Whoever waits for the connection already is served first. */
  async destroy(): Promise<void> {
    clearTimeout(this.#restTimer);
    await this.#turnstile.run(() => this.#thread.close());
  }

  /** Behind whoever waits, and so never within a transaction. Too many wait: then it is for another time. */
  #rest(): void {
    this.#turnstile.run(() => this.#thread.rest()).catch(() => {});
  }
}

class SqliteThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changeCount } = await this.#thread.request({
      kind: 'query',
      sql,
      parameters: parameters as readonly SqliteValue[],
    });
    return {
      rows: rows as R[],
      ...(changeCount !== undefined && { numAffectedRows: BigInt(changeCount) }),
    };
  }

  async *streamQuery(): AsyncGenerator<never> {
    throw new Error('cannot stream a query: rows come from the SQLite thread all at once');
  }
}
