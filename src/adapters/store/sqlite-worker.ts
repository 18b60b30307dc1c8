import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, SqliteConnection } from './sqlite-connection.ts';
import type { SqliteLocation, SqliteReply, SqliteRequest } from './sqlite-protocol.ts';

/**
 * One SQLite connection on a thread of its own: neither an fsync nor a long query may stall media. Requests are answered one by
 * one, in order.
 */
class SqliteServer {
  readonly #location: SqliteLocation;
  #connection: SqliteConnection | undefined;

  constructor(location: SqliteLocation) {
    this.#location = location;
  }

  /** What keeps the database from being opened, a full disk for one, may pass: the next request tries again. */
  reply(request: SqliteRequest): SqliteReply {
    if (request.kind === 'close' && !this.#connection) return { result: { rows: [] } };
    try {
      this.#connection ??= new SqliteConnection(this.#location);
    } catch (error) {
      return failureOf(error);
    }
    return this.#connection.reply(request);
  }
}

const server = new SqliteServer(workerData);
parentPort?.on('message', (request: SqliteRequest) => {
  parentPort?.postMessage(server.reply(request));
  if (request.kind === 'close') parentPort?.close();
});
