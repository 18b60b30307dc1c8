import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Amf0Value, amf0Object, decodeAmf0, encodeAmf0 } from '../../src/protocols/amf0.ts';
import { ChunkReader } from '../../src/protocols/rtmp/chunk-reader.ts';
import { ChunkWriter } from '../../src/protocols/rtmp/chunk-writer.ts';
import {
  decodeChunkSize,
  MESSAGE_TYPE,
  type RtmpMessage,
  setChunkSize,
} from '../../src/protocols/rtmp/message.ts';
import type { FlvTag } from './flv-file.ts';

const BLOCK_BYTES = 1536;
const CHUNK_BYTES = 60_000;
const PATIENCE_MS = 10_000;

export interface Status {
  readonly level: string;
  readonly code: string;
  readonly description: string;
}

/**
 * An encoder on a real socket that says what a test tells it to, for what ffmpeg never would. Its chunks and AMF0 are the project's: they
 * are held against other people's bytes in their own tests.
 */
export class RtmpClient implements AsyncDisposable {
  readonly socket: Socket;
  /** `onStatus` and connect answers so far. */
  readonly statuses: Status[] = [];
  /** Resolves when the server has closed its side, and the connection is gone. */
  readonly closed: Promise<void>;
  readonly #reader = new ChunkReader(1_000_000);
  readonly #writer = new ChunkWriter();
  #wake: (() => void)[] = [];
  #handshakeBytesLeft = 1 + 2 * BLOCK_BYTES;
  #isGone = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    // Not `once`: a connection that is reset closes, too.
    this.closed = new Promise<void>((resolve) => socket.once('close', () => resolve())).then(() => {
      this.#isGone = true;
      this.#wakeAll();
    });
    socket.on('data', (bytes) => this.#receive(bytes));
  }

  static async connect(port: number, options: { tls?: boolean } = {}): Promise<RtmpClient> {
    const to = { host: '127.0.0.1', port };
    const socket = options.tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    const client = new RtmpClient(socket);
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return client;
  }

  /** Handshake, connect, createStream, publish. Resolves with the answer to publish, or to what was refused before. */
  async publish(streamKey: string, app = 'app'): Promise<Status> {
    const hello = Buffer.alloc(1 + BLOCK_BYTES);
    hello[0] = 3;
    this.socket.write(hello);
    await this.#until('the handshake', () => this.#handshakeBytesLeft === 0);
    this.socket.write(Buffer.alloc(BLOCK_BYTES));
    this.send(setChunkSize(CHUNK_BYTES));
    const tcUrl = `rtmp://127.0.0.1/${app}`;
    this.command('connect', 1, amf0Object({ app, type: 'nonprivate', tcUrl }));
    await this.#until('an answer to connect', () => this.statuses.length > 0);
    if (this.statuses[0]!.level === 'error') return this.statuses[0]!;
    this.command('createStream', 2, null);
    this.send({
      typeId: MESSAGE_TYPE.commandAmf0,
      chunkStreamId: 8,
      messageStreamId: 1,
      timestampMs: 0,
      body: encodeAmf0(['publish', 3, null, streamKey, 'live']),
    });
    await this.#until('an answer to publish', () => this.statuses.length > 1);
    return this.statuses[1]!;
  }

  send(message: RtmpMessage): void {
    this.socket.write(this.#writer.encode(message));
  }

  command(name: string, transactionId: number, ...values: Amf0Value[]): void {
    this.send({
      typeId: MESSAGE_TYPE.commandAmf0,
      chunkStreamId: 3,
      messageStreamId: 0,
      timestampMs: 0,
      body: encodeAmf0([name, transactionId, ...values]),
    });
  }

  /** One FLV tag, as encoders send them: its body is the message's. */
  sendTag({ kind, timestampMs, body }: FlvTag): void {
    const { typeId, chunkStreamId } = CARRIAGE[kind];
    this.send({ typeId, chunkStreamId, messageStreamId: 1, timestampMs: timestampMs >>> 0, body });
  }

  /** The end, as encoders say it. */
  unpublish(streamKey: string): void {
    this.command('FCUnpublish', 4, null, streamKey);
    this.command('deleteStream', 5, null, 1);
  }

  /** The first status beyond those there are, e.g. why it was sent away; nothing where the connection ended without a word. */
  async nextStatus(after = this.statuses.length): Promise<Status | undefined> {
    await this.#until('a status', () => this.statuses.length > after);
    return this.statuses[after];
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const late = once(deadline, 'abort').then(() => assert.fail(`no ${what} in ${PATIENCE_MS} ms`));
    while (!isThere() && !this.#isGone) {
      await Promise.race([new Promise<void>((wake) => this.#wake.push(wake)), late]);
    }
  }

  #receive(bytes: Buffer): void {
    const handshakeBytes = Math.min(bytes.byteLength, this.#handshakeBytesLeft);
    this.#handshakeBytesLeft -= handshakeBytes;
    this.#reader.push(bytes.subarray(handshakeBytes));
    for (let message = this.#reader.next(); message; message = this.#reader.next()) {
      if (message.typeId === MESSAGE_TYPE.setChunkSize) decodeChunkSize(message.body);
      if (message.typeId !== MESSAGE_TYPE.commandAmf0) continue;
      const [name, , , info] = decodeAmf0(message.body);
      if (name === 'onFCPublish' || !(info instanceof Map)) continue;
      const text = (key: string) => String(info.get(key));
      const [level, code, description] = [text('level'), text('code'), text('description')];
      this.statuses.push({ level, code, description });
    }
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

const CARRIAGE = {
  audio: { typeId: MESSAGE_TYPE.audio, chunkStreamId: 4 },
  video: { typeId: MESSAGE_TYPE.video, chunkStreamId: 6 },
  script: { typeId: MESSAGE_TYPE.dataAmf0, chunkStreamId: 5 },
} as const;
