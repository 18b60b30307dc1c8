import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort } from 'node:worker_threads';
import type {
  SqliteReply,
  SqliteRequest,
  SqliteResult,
  SqliteRole,
  SqliteValue,
} from './sqlite-protocol.ts';

/**
 * One SQLite connection on a thread of its own: SQLite is synchronous, and neither an fsync nor a long query may
 * stall media. Requests are answered one by one, in order.
 */

/** Statements that are kept compiled. Ivory has about fifty, and lists of ARNs make some more by their length. */
const MAX_STATEMENTS = 200;
/** How long a writer waits for a checkpoint or a backup of another connection. */
const BUSY_TIMEOUT_MS = 5_000;
/** What is left of the write-ahead log on disk after a checkpoint. */
const MAX_IDLE_WAL_BYTES = 16 * 1024 * 1024;

interface PreparedStatement {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #lock: DatabaseSync | undefined;
  /** In the order of their last use. */
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(path: string, role: SqliteRole) {
    this.#lock = role === 'writer' ? lockAgainstOtherProcesses(path) : undefined;
    try {
      if (role === 'writer') createPrivateFile(path);
      this.#database = new DatabaseSync(path, {
        readOnly: role === 'reader',
        timeout: BUSY_TIMEOUT_MS,
        enableForeignKeyConstraints: true,
        enableDoubleQuotedStringLiterals: false,
      });
      if (role === 'writer') {
        this.#database.exec('pragma journal_mode = wal');
        // FULL fsyncs the log at each commit; in WAL mode the default of some builds, NORMAL, loses the last
        // commits in a power cut (https://sqlite.org/pragma.html#pragma_synchronous).
        this.#database.exec('pragma synchronous = full');
        this.#database.exec(`pragma journal_size_limit = ${MAX_IDLE_WAL_BYTES}`);
      }
    } catch (error) {
      this.#lock?.close();
      throw error;
    }
  }

  query(sql: string, parameters: readonly SqliteValue[]): SqliteResult {
    const { statement, returnsRows } = this.#prepare(sql);
    if (returnsRows) {
      return { rows: statement.all(...parameters) };
    }
    const { changes } = statement.run(...parameters);
    return { rows: [], changeCount: changes };
  }

  /** After some errors (a full disk) SQLite has rolled back by itself. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
    this.#lock?.close();
  }

  #prepare(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = this.#database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    const [leastRecent] = this.#statements.keys();
    if (this.#statements.size > MAX_STATEMENTS && leastRecent) this.#statements.delete(leastRecent);
    return prepared;
  }
}

/**
 * A second, empty database with an exclusive transaction that never ends: a file lock that the kernel takes back when
 * the process dies, however it dies.
 */
function lockAgainstOtherProcesses(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}-lock`, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * SQLite gives its other files the mode of the first. Never without the lock: POSIX drops a process's locks on a
 * file when any descriptor of it is closed.
 */
function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

const EMPTY: SqliteResult = { rows: [] };

/** The thread's side of `SqliteThread`. */
class SqliteServer {
  #connection: SqliteConnection | undefined;

  reply(request: SqliteRequest): SqliteReply {
    try {
      return { result: this.#answer(request) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
      return { failure: { message, ...(code !== undefined && { errorCode: code }) } };
    }
  }

  #answer(request: SqliteRequest): SqliteResult {
    switch (request.kind) {
      case 'open':
        this.#connection = new SqliteConnection(request.path, request.role);
        return EMPTY;
      case 'query':
        if (!this.#connection) throw new Error('the database is not open');
        return this.#connection.query(request.sql, request.parameters);
      case 'rollback':
        this.#connection?.rollback();
        return EMPTY;
      case 'close':
        this.#connection?.close();
        return EMPTY;
    }
  }
}

const server = new SqliteServer();
parentPort?.on('message', (request: SqliteRequest) => {
  parentPort?.postMessage(server.reply(request));
  if (request.kind === 'close') parentPort?.close();
});
