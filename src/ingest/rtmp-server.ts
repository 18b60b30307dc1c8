import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { type RandomBytes, randomAlphanumeric } from '../domain/identifiers.ts';
import { addressKey } from '../lib/address-key.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import { withoutIpv4Mapping } from '../lib/ipv4-mapping.ts';
import type { Logger } from '../lib/logger.ts';
import { PeerCounter } from '../lib/peer-counter.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import { ReadTurns, type TurnTaking } from '../sockets/read-turns.ts';
import { type PortSharing, SharedPort } from '../sockets/shared-port.ts';
import { READ_BUFFER_BYTES, readInto } from '../sockets/shared-read-buffer.ts';
import type { PublishGate } from './publishing.ts';
import { RefusalLog } from './refusal-log.ts';
import { type EncoderConnection, RtmpSession } from './rtmp-session.ts';

/** Most are publishers; one that does not publish is closed after 20 s. */
const DEFAULT_MAX_CONNECTIONS = 4096;
/**
 * A studio behind one address may publish hundreds of channels; a flood from one address leaves room for
 * others.
 */
const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 1024;
const TLS_HANDSHAKE_DEADLINE_MS = 10_000;
/** How long the encoder may take to read our last word and close, before the socket is destroyed. */
const LINGER_MS = 3_000;
const REFUSAL_REPORT_MS = 1_000;
/** Answers that a peer asks for and does not read: a whole conversation is below 8 KiB. */
const MAX_UNSENT_BYTES = 64 * 1024;

export interface RtmpServerOptions {
  readonly gate: PublishGate;
  readonly clock: Clock;
  /** Runs it when all that has come in by now has been read. */
  readonly soon: (run: () => void) => void;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Where the memory of frames comes from. */
  readonly payloads: SlabPool;
  /** Over all listeners. Default 4096. */
  readonly maxConnections?: number;
  /** Default 1024. */
  readonly maxConnectionsPerAddress?: number;
}

export interface RtmpListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly sharing?: PortSharing;
  /** PEM; with it the listener speaks RTMPS, and nothing else. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** RFC 8996: older versions of TLS are not to be used. */
const MIN_TLS_VERSION = 'TLSv1.2';

/** The listeners for encoders. Each connection gets an `RtmpSession`, and ends alone. */
export class RtmpServer {
  readonly #options: RtmpServerOptions;
  readonly #ports = new Set<SharedPort>();
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<RtmpSession, SocketConnection>();
  #isHeld = false;
  readonly #connectionCount: PeerCounter;
  readonly #refusals: RefusalLog;
  readonly #cancelReport: CancelTimer;
  /** Whatever an encoder sends is read into it, and taken from it before the next read. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #turns: ReadTurns;
  #onAllGone: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RtmpServerOptions) {
    this.#options = options;
    this.#turns = new ReadTurns(options.soon);
    this.#refusals = new RefusalLog(options.logger);
    this.#connectionCount = new PeerCounter(
      options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      options.maxConnectionsPerAddress ?? DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
    );
    this.#cancelReport = options.clock.every(REFUSAL_REPORT_MS, () => this.#reportRefusals());
  }

  /** Resolves with the port once the listener accepts; rejects where the address can't be had. */
  async listen({ host, port, tls, sharing }: RtmpListenOptions): Promise<number> {
    // Half-open, so that an answer still reaches an encoder that has said its last word.
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: tls === undefined };
    const server: Server = tls
      ? createTlsServer({
          ...options,
          cert: tls.cert,
          key: tls.key,
          minVersion: MIN_TLS_VERSION,
          handshakeTimeout: TLS_HANDSHAKE_DEADLINE_MS,
        })
      : createServer(options);
    const protocol = tls ? 'rtmps' : 'rtmp';
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.#converse(socket, protocol),
    );
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      this.#options.logger.debug({ detail: error.message }, 'tls handshake failed');
      socket.destroy();
    });
    const shared = new SharedPort(server, options);
    // While it is being opened, too, it may be left, or get another certificate.
    this.#ports.add(shared);
    try {
      return await shared.listen({ host, port, sharing }, (error) =>
        this.#options.logger.error({ err: error }, 'listener failed'),
      );
    } catch (error) {
      this.#ports.delete(shared);
      throw error;
    }
  }

  /** Takes no more encoders, for others do; those that are connected go on, and `listen` may be called again. */
  leave(): void {
    for (const port of this.#ports) void port.close();
    this.#ports.clear();
  }

  /** Reads nothing from any encoder until it is called with `false`: whoever takes their frames can't keep up. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    for (const connection of this.#sessions.values()) connection.hold(isHeld);
  }

  /** For the RTMPS handshakes from now on; encoders that are connected go on with the one they have. */
  useCertificate({ cert, key }: NonNullable<RtmpListenOptions['tls']>): void {
    for (const { server } of this.#ports) {
      if (server instanceof TlsServer) {
        server.setSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
      }
    }
  }

  /** Accepts no more, ends each connection with a word, and resolves when all are gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.leave();
    for (const session of this.#sessions.keys()) session.disconnect('shutting-down');
    const cancel = this.#options.clock.after(LINGER_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onAllGone = resolve;
      });
    }
    cancel();
    this.#cancelReport();
    this.#reportRefusals();
  }

  /** Counts every TCP connection, before TLS makes it expensive. */
  #admit(socket: Socket): void {
    const address = withoutIpv4Mapping(socket.remoteAddress ?? '');
    // Errors are followed by 'close', which is where everything ends.
    socket.on('error', (error) => this.#socketFailed(address, error));
    const key = addressKey(address);
    if (this.#closing !== undefined || !this.#connectionCount.take(key)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#connectionCount.release(key);
      if (this.#sockets.size === 0) this.#onAllGone?.();
    });
  }

  /** One line for however many: whoever is refused comes again at once. */
  #reportRefusals(): void {
    const count = this.#connectionCount.takeRefused();
    if (count > 0) this.#options.logger.warn({ count }, 'refused encoder connections: too many');
    this.#refusals.report();
  }

  #socketFailed(remoteAddress: string, error: Error): void {
    this.#options.logger.debug({ remoteAddress, detail: error.message }, 'encoder socket failed');
  }

  #converse(accepted: Socket, protocol: 'rtmp' | 'rtmps'): void {
    // A TLS handshake may end after `close` began.
    if (this.#closing !== undefined) accepted.destroy();
    if (accepted.destroyed) return;
    const { gate, clock, random, logger, payloads } = this.#options;
    const remoteAddress = withoutIpv4Mapping(accepted.remoteAddress ?? '');
    const connectionId = randomAlphanumeric(8, random);
    const receive = (bytes: Uint8Array) => {
      session.receive(bytes);
      this.#turns.received(connection, bytes.byteLength);
    };
    const moved = readInto(accepted, this.#readBuffer, receive);
    const socket = moved ?? accepted.on('data', receive);
    if (moved) {
      // What was accepted is what is counted.
      moved.once('close', () => accepted.destroy());
      accepted.once('close', () => moved.destroy());
    }
    const connection = new SocketConnection(socket, clock);
    const session = new RtmpSession({
      connection,
      gate,
      clock,
      random,
      slabs: payloads.allocator(),
      logger: logger.child({ connection: connectionId, protocol, remoteAddress }),
      refusals: this.#refusals,
      connectionId,
      protocol,
      remoteAddress,
    });
    if (this.#isHeld) connection.hold(true);
    this.#sessions.set(session, connection);
    socket.once('end', () => socket.end());
    socket.on('error', (error) => this.#socketFailed(remoteAddress, error));
    socket.once('close', () => {
      this.#sessions.delete(session);
      session.closed();
    });
  }
}

/** Who may keep a socket from being read, each for itself. */
type ReadStop = 'session' | 'server' | 'turn';

/** What a session may do to its socket, and its server beside it. */
export class SocketConnection implements EncoderConnection, TurnTaking {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #stoppedBy = new Set<ReadStop>();

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.destroy();
  }

  // --- its session's

  pause(): void {
    this.#stop('session');
  }

  resume(): void {
    this.#goOn('session');
  }

  end(): void {
    this.#socket.end();
    // Read on: closing with bytes unread makes the kernel send a reset, which can overtake our last word.
    this.#goOn('server');
    this.#goOn('session');
    const cancel = this.#clock.after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.once('close', cancel);
  }

  // --- beside what its session wants

  hold(isHeld: boolean): void {
    if (isHeld) this.#stop('server');
    else this.#goOn('server');
  }

  rest(): void {
    this.#stop('turn');
  }

  proceed(): void {
    this.#goOn('turn');
  }

  #stop(by: ReadStop): void {
    this.#stoppedBy.add(by);
    this.#socket.pause();
  }

  #goOn(by: ReadStop): void {
    this.#stoppedBy.delete(by);
    if (this.#stoppedBy.size === 0) this.#socket.resume();
  }
}
