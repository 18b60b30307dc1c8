import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type {
  SqliteLocation,
  SqliteReply,
  SqliteRequest,
  SqliteResult,
  SqliteValue,
} from './sqlite-protocol.ts';

/** Statements that are kept compiled. Ivory has about fifty, and lists of ARNs make some more by their length. */
const MAX_STATEMENTS = 200;
/** How long a writer waits for a checkpoint or a backup of another connection. */
const BUSY_TIMEOUT_MS = 5_000;
/** What is left of the write-ahead log on disk after a checkpoint. */
const MAX_IDLE_WAL_BYTES = 16 * 1024 * 1024;

const EMPTY: SqliteResult = { rows: [] };

interface PreparedStatement {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

/** One SQLite connection, on the thread that makes it: SQLite is synchronous. */
export class SqliteConnection implements Disposable {
  readonly #database: DatabaseSync;
  /** In the order of their last use. */
  readonly #statements = new Map<string, PreparedStatement>();

  constructor({ path, role }: SqliteLocation) {
    this.#database = new DatabaseSync(path, {
      readOnly: role === 'reader',
      timeout: BUSY_TIMEOUT_MS,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
    });
    try {
      if (role === 'writer') this.#prepareForWrites();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Answers, or says what SQLite said. */
  reply(request: SqliteRequest): SqliteReply {
    try {
      return { result: this.#answer(request) };
    } catch (error) {
      return failureOf(error);
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #answer(request: SqliteRequest): SqliteResult {
    switch (request.kind) {
      case 'query':
        return this.#query(request.sql, request.parameters);
      case 'rollback':
        this.#rollback();
        return EMPTY;
      case 'close':
        this[Symbol.dispose]();
        return EMPTY;
    }
  }

  #prepareForWrites(): void {
    this.#database.exec('pragma journal_mode = wal');
    // FULL fsyncs the log at each commit; in WAL mode the default of some builds, NORMAL, loses the last
    // commits in a power cut (https://sqlite.org/pragma.html#pragma_synchronous).
    this.#database.exec('pragma synchronous = full');
    this.#database.exec(`pragma journal_size_limit = ${MAX_IDLE_WAL_BYTES}`);
  }

  #query(sql: string, parameters: readonly SqliteValue[]): SqliteResult {
    const { statement, returnsRows } = this.#prepare(sql);
    if (returnsRows) {
      return { rows: statement.all(...parameters) };
    }
    const { changes } = statement.run(...parameters);
    return { rows: [], changeCount: changes };
  }

  /** After some errors (a full disk) SQLite has rolled back by itself. */
  #rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
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

/** What SQLite said, as a reply. */
export function failureOf(error: unknown): SqliteReply {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
  return { failure: { message, ...(code !== undefined && { errorCode: code }) } };
}
