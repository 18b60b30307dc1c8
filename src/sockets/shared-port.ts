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
  #isClosed = false;

  /** `socketOptions`: what `server` was made with, as far as it concerns the connections. */
  constructor(server: Server, socketOptions: ServerOpts) {
    this.server = server;
    this.#socketOptions = socketOptions;
  }

  /** Resolves with the port once connections are taken; rejects with the system's error. Failures after that: `onError`. */
  async listen(address: SharedPortAddress, onError: (error: Error) => void): Promise<number> {
    const { sharing, ...options } = address;
    this.#isClosed = false;
    let bound = await listen(this.server, { ...options, reusePort: sharing === 'join' });
    if (sharing === 'begin') {
      // A port that is shared is shared with any process of this user: that nobody had it is known only by having it alone.
      await new Promise((closed) => this.server.close(closed));
      bound = await listen(this.server, { ...options, port: bound.port, reusePort: true });
    }
    if (this.#isClosed) return bound.port;
    this.server.on('error', onError);
    if (sharing !== undefined) await this.#listenMore({ ...options, ...bound }, onError);
    return bound.port;
  }

  /** At the address that the first one got: a name may have several. With fewer of them the port serves as well. */
  async #listenMore(address: ListenOptions, onError: (error: Error) => void): Promise<void> {
    while (this.#others.length < LISTENERS - 1) {
      const other = createServer(this.#socketOptions, (socket: Socket) => {
        this.server.emit('connection', socket);
      });
      try {
        await listen(other, { ...address, reusePort: true });
      } catch (error) {
        onError(error as Error);
        return;
      }
      other.on('error', onError);
      if (this.#isClosed) {
        other.close();
        return;
      }
      this.#others.push(other);
    }
  }

  /** Takes no more connections. Resolves when those that were taken are closed, unless others have their sockets. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const servers = [this.server, ...this.#others.splice(0)];
    await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  }
}

interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/** Resolves as well, with what was asked for, when the server is closed before it listens: Node.js then says nothing else. */
function listen(server: Server, options: ListenOptions): Promise<BoundAddress> {
  return new Promise((resolve, reject) => {
    const { host = '', port = 0 } = options;
    const closed = () => resolve({ host, port });
    server.once('error', reject).once('close', closed);
    server.listen(options, () => {
      server.off('error', reject).off('close', closed);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port });
    });
  });
}
