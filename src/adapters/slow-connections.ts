import type { Connection } from './http-exchange.ts';
import type { HttpLimits } from './http-limits.ts';

/** HTTP/1.1 connections with bytes that the client had not taken when last seen, or that were refused. */
export class SlowConnections {
  readonly #limits: HttpLimits;
  readonly #cut: (connection: Connection) => void;
  readonly #connections = new Set<Connection>();

  /** `cut`: of one that takes longer than it may. */
  constructor(limits: HttpLimits, cut: (connection: Connection) => void) {
    this.#limits = limits;
    this.#cut = cut;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
  }

  delete(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** `nowMs`: on the clock of `closeAtMs`. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) this.#sweepOne(connection, nowMs);
  }

  #sweepOne(connection: Connection, nowMs: number): void {
    const { socket, exchanges } = connection;
    if (connection.closeAtMs !== undefined) {
      if (nowMs >= connection.closeAtMs) socket.destroy();
      return;
    }
    if (socket.writableLength === 0) {
      if (connection.sendingSinceMs !== undefined) {
        connection.direct?.drained();
        // Without an exchange the timeout on the socket is Node's own, for keep-alive.
        if (exchanges.length > 0) socket.setTimeout(0);
      }
      connection.sendingSinceMs = undefined;
      if (exchanges.length < 2) this.#connections.delete(connection);
    } else if (connection.sendingSinceMs === undefined) {
      connection.sendingSinceMs = nowMs;
      // Node's socket timeout is the one thing that sees a partly taken write as progress.
      socket.setTimeout(this.#limits.stalledSendTimeoutMs);
    } else if (nowMs - connection.sendingSinceMs > this.#limits.maxSendMs) {
      this.#cut(connection);
    }
  }
}
