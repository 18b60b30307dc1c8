import {
  type AddressInfo,
  createServer,
  type ListenOptions,
  type Server,
  type ServerOpts,
  type Socket,
} from 'node:net';

/**
 * Several listeners have the port, and the system spreads connections over them (SO_REUSEPORT): the thread that begins still
 * fails where another process has the port, and other threads join it. `undefined`: one listener has it, and nobody else.
 */
export type PortSharing = 'begin' | 'join' | undefined;

/**
 * Of each thread. libuv accepts one connection of a listener in each round of the event loop (`uv__server_io`): the last of a
 * thousand that come at once would wait for a thousand rounds, and in each of them those that are there have requests.
 */
const LISTENERS = 8;

export interface SharedPortAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly sharing?: PortSharing;
  /** Connections that wait to be accepted, at most, of each listener. */
  readonly backlog?: number;
}

/** A server's port, and the listeners that take connections for it. */
export class SharedPort {
  readonly server: Server;
  readonly #socketOptions: ServerOpts;
  readonly #others: Server[] = [];

  /** `socketOptions`: what `server` was made with, as far as it concerns the connections. */
  constructor(server: Server, socketOptions: ServerOpts) {
    this.server = server;
    this.#socketOptions = socketOptions;
  }

  /** Resolves with the port once connections are taken; rejects with the system's error. Failures after that: `onError`. */
  async listen(address: SharedPortAddress, onError: (error: Error) => void): Promise<number> {
    const { sharing, ...options } = address;
    let port = await listen(this.server, { ...options, reusePort: sharing === 'join' });
    if (sharing === 'begin') {
      // A port that is shared is shared with any process of this user: that nobody had it is known only by having it alone.
      await new Promise((closed) => this.server.close(closed));
      port = await listen(this.server, { ...options, port, reusePort: true });
    }
    this.server.on('error', onError);
    if (sharing === undefined) return port;
    for (let i = 1; i < LISTENERS; i++) {
      const other = createServer(this.#socketOptions, (socket: Socket) => {
        this.server.emit('connection', socket);
      });
      this.#others.push(other);
      await listen(other, { ...options, port, reusePort: true });
      other.on('error', onError);
    }
    return port;
  }

  /** Takes no more connections. Resolves when those that were taken are closed, unless others have their sockets. */
  async close(): Promise<void> {
    const servers = [this.server, ...this.#others.splice(0)];
    await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  }
}

function listen(server: Server, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
