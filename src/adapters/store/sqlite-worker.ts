import { parentPort, workerData } from 'node:worker_threads';
import { SqliteConnection } from './sqlite-connection.ts';
import type { SqliteRequest } from './sqlite-protocol.ts';

/**
 * One SQLite connection on a thread of its own: neither an fsync nor a long query may stall media. Requests are answered one by
 * one, in order.
 */

const connection = new SqliteConnection(workerData);
parentPort?.on('message', (request: SqliteRequest) => {
  parentPort?.postMessage(connection.reply(request));
  if (request.kind === 'close') parentPort?.close();
});
