import assert from 'node:assert/strict';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { LogFields, Logger } from '../../lib/logger.ts';
import { SlabPool } from '../../lib/slab-pool.ts';
import { type Amf0Value, amf0Object, decodeAmf0, encodeAmf0 } from '../../protocols/amf0.ts';
import { ChunkReader } from '../../protocols/rtmp/chunk-reader.ts';
import { ChunkWriter } from '../../protocols/rtmp/chunk-writer.ts';
import type { RtmpMessage } from '../../protocols/rtmp/message.ts';
import type { PublishDecision, PublishRequest } from '../publishing.ts';
import { RefusalLog } from '../refusal-log.ts';
import { type EncoderConnection, RtmpSession } from '../rtmp-session.ts';
import { RecordingPublication } from './recording-publication.ts';

/** S0, S1 and S2. */
const SERVER_HANDSHAKE_BYTES = 1 + 1536 + 1536;

/** Lines as `level message fields`, for asking what is in them and what must not be. */
export class RecordingLogger implements Logger {
  readonly lines: string[];
  readonly #fields: LogFields;
  readonly debug = (fields: LogFields, message: string) => this.#add('debug', fields, message);
  readonly info = (fields: LogFields, message: string) => this.#add('info', fields, message);
  readonly warn = (fields: LogFields, message: string) => this.#add('warn', fields, message);
  readonly error = (fields: LogFields, message: string) => this.#add('error', fields, message);

  constructor(lines: string[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  child(fields: LogFields): RecordingLogger {
    return new RecordingLogger(this.lines, { ...this.#fields, ...fields });
  }

  #add(level: string, fields: LogFields, message: string): void {
    this.lines.push(`${level} ${message} ${JSON.stringify({ ...this.#fields, ...fields })}`);
  }
}

/**
 * An encoder that says what the test tells it to, to a session without a socket. It speaks through the
 * project's own chunk writer and AMF0: those are held against other people's bytes in their own tests.
 */
export class ScriptedEncoder implements EncoderConnection {
  readonly clock = new FakeClock();
  readonly log = new RecordingLogger();
  readonly publication = new RecordingPublication();
  readonly requests: PublishRequest[] = [];
  readonly session: RtmpSession;
  /** Messages of the server, in order. */
  readonly heard: RtmpMessage[] = [];
  isPaused = false;
  isEnded = false;
  #decision = Promise.withResolvers<PublishDecision>();
  readonly #writer = new ChunkWriter();
  readonly #reader = new ChunkReader(100_000);
  #handshakeBytesLeft = SERVER_HANDSHAKE_BYTES;

  constructor() {
    this.session = new RtmpSession({
      connection: this,
      gate: {
        publish: (request) => {
          this.requests.push(request);
          return this.#decision.promise;
        },
      },
      clock: this.clock,
      random: (count) => new Uint8Array(count).fill(7),
      slabs: new SlabPool().allocator(),
      logger: this.log,
      refusals: new RefusalLog(this.log),
      connectionId: 'connection',
      protocol: 'rtmp',
      remoteAddress: '192.0.2.1',
    });
  }

  // The session's side of the connection.

  write(bytes: Uint8Array): void {
    assert.ok(!this.isEnded, 'a word after the end');
    const handshakeBytes = Math.min(bytes.byteLength, this.#handshakeBytesLeft);
    this.#handshakeBytesLeft -= handshakeBytes;
    this.#reader.push(bytes.subarray(handshakeBytes));
    for (let message = this.#reader.next(); message; message = this.#reader.next()) {
      this.heard.push(message);
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  // The test's side.

  /** The server's commands so far, as AMF0 values. */
  get answers(): Amf0Value[][] {
    return this.heard.filter(({ typeId }) => typeId === 20).map(({ body }) => decodeAmf0(body));
  }

  /** Codes of `_result`, `_error` and `onStatus`, in order; the name of the command where there is none. */
  get codes(): string[] {
    return this.answers.map(([name, , , info]) => {
      const code = info instanceof Map ? info.get('code') : undefined;
      return String(code ?? name);
    });
  }

  /** As the socket hands bytes over: in memory that it reads into again at once. */
  receive(bytes: Uint8Array): this {
    const read = Uint8Array.from(bytes);
    this.session.receive(read);
    read.fill(0xa5);
    return this;
  }

  send(message: Partial<RtmpMessage>): this {
    const bytes = this.#writer.encode({
      typeId: 20,
      chunkStreamId: 3,
      messageStreamId: 0,
      timestampMs: 0,
      body: new Uint8Array(0),
      ...message,
    });
    return this.receive(bytes);
  }

  command(name: string, transactionId: number, ...values: Amf0Value[]): this {
    return this.send({ body: encodeAmf0([name, transactionId, ...values]) });
  }

  handshake(): this {
    const bytes = new Uint8Array(1 + 1536 + 1536);
    bytes[0] = 3;
    return this.receive(bytes);
  }

  connect(app = 'app'): this {
    return this.handshake().command('connect', 1, amf0Object({ app, tcUrl: `rtmp://host/${app}` }));
  }

  publish(streamName = 'sk_secret'): this {
    this.command('createStream', 2, null);
    const body = encodeAmf0(['publish', 3, null, streamName, 'live']);
    return this.send({ body, chunkStreamId: 8, messageStreamId: 1 });
  }

  /** The gate's answer; resolves once the session has heard it. */
  async decide(decision?: PublishDecision | Error): Promise<this> {
    if (decision instanceof Error) this.#decision.reject(decision);
    else this.#decision.resolve(decision ?? { accepted: true, publication: this.publication });
    await new Promise((resolve) => setImmediate(resolve));
    this.#decision = Promise.withResolvers();
    return this;
  }

  /** All the way to `NetStream.Publish.Start`. */
  async live(): Promise<this> {
    return this.connect().publish().decide();
  }

  video(timestampMs: number, body: Uint8Array): this {
    return this.send({ typeId: 9, chunkStreamId: 6, messageStreamId: 1, timestampMs, body });
  }

  audio(timestampMs: number, body: Uint8Array): this {
    return this.send({ typeId: 8, chunkStreamId: 4, messageStreamId: 1, timestampMs, body });
  }
}
