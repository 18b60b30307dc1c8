import type { RandomBytes } from '../domain/identifiers.ts';
import { ByteQueue } from '../lib/byte-queue.ts';
import type { SlabAllocator } from '../lib/slab-pool.ts';
import { ChunkReader } from '../protocols/rtmp/chunk-reader.ts';
import { ChunkWriter } from '../protocols/rtmp/chunk-writer.ts';
import {
  answerClientHello,
  CLIENT_ACKNOWLEDGEMENT_BYTES,
  CLIENT_HELLO_BYTES,
} from '../protocols/rtmp/handshake.ts';
import {
  acknowledgement,
  decodePingRequest,
  decodeU32,
  MESSAGE_TYPE,
  pingResponse,
  type RtmpMessage,
  splitAggregate,
} from '../protocols/rtmp/message.ts';

/** Until the peer names a window: what librtmp and Flash Media Server use. */
const DEFAULT_WINDOW_BYTES = 2_500_000;

export interface RtmpLinkOptions {
  readonly write: (bytes: Uint8Array) => void;
  readonly random: RandomBytes;
  readonly monotonicMs: () => number;
  /** See `ChunkReader`. */
  readonly slabs: SlabAllocator;
  /** See `ChunkReader`. */
  readonly messageLimitBytes: number;
}

/**
 * RTMP below the conversation: handshake, chunks, acknowledgements, pings. Bytes go in, commands, data and
 * media come out, one a call. `push` and `next` throw `ProtocolViolation`.
 */
export class RtmpLink {
  readonly #options: RtmpLinkOptions;
  readonly #handshake = new ByteQueue();
  readonly #reader: ChunkReader;
  readonly #writer = new ChunkWriter();
  /** Messages of an aggregate message, as far as they were not asked for yet. */
  #aggregated: Iterator<RtmpMessage, undefined> | undefined;
  #phase: 'hello' | 'acknowledgement' | 'open' = 'hello';
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #windowBytes = DEFAULT_WINDOW_BYTES;

  constructor(options: RtmpLinkOptions) {
    this.#options = options;
    this.#reader = new ChunkReader(options.messageLimitBytes, options.slabs);
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  set messageLimitBytes(byteLength: number) {
    this.#reader.messageLimitBytes = byteLength;
  }

  push(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.byteLength;
    if (this.#phase === 'open') {
      this.#reader.push(bytes);
      this.#acknowledge();
    } else {
      this.#handshake.push(Uint8Array.from(bytes));
      this.#shakeHands();
    }
  }

  next(): RtmpMessage | undefined {
    for (;;) {
      const message = this.#nextOfAggregate() ?? this.#reader.next();
      if (message === undefined || !this.#handle(message)) return message;
    }
  }

  /** The caller is about to change what it pushed: keeps a copy of what `next` has not given yet. */
  keep(): void {
    this.#reader.keep();
  }

  send(message: RtmpMessage): void {
    this.#options.write(this.#writer.encode(message));
  }

  #nextOfAggregate(): RtmpMessage | undefined {
    const message = this.#aggregated?.next().value;
    if (message === undefined) this.#aggregated = undefined;
    return message;
  }

  #shakeHands(): void {
    if (this.#phase === 'hello') {
      const hello = this.#handshake.take(CLIENT_HELLO_BYTES);
      if (hello === undefined) return;
      const timeMs = Math.floor(this.#options.monotonicMs());
      this.#options.write(answerClientHello(hello, { random: this.#options.random, timeMs }));
      this.#phase = 'acknowledgement';
    }
    if (this.#handshake.take(CLIENT_ACKNOWLEDGEMENT_BYTES) === undefined) return;
    this.#phase = 'open';
    this.#reader.push(this.#handshake.takeAll());
  }

  /** 5.4.3: an acknowledgement is due each time that the peer's window was received; one a read is enough. */
  #acknowledge(): void {
    if (this.#receivedBytes - this.#acknowledgedBytes < this.#windowBytes) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.send(acknowledgement(this.#receivedBytes));
  }

  /** Whether the message was for the link. */
  #handle(message: RtmpMessage): boolean {
    switch (message.typeId) {
      case MESSAGE_TYPE.windowAcknowledgementSize:
        this.#windowBytes = decodeU32(message.body);
        return true;
      case MESSAGE_TYPE.userControl: {
        const timeMs = decodePingRequest(message.body);
        if (timeMs !== undefined) this.send(pingResponse(timeMs));
        return true;
      }
      case MESSAGE_TYPE.aggregate:
        this.#aggregated = splitAggregate(message);
        return true;
      case MESSAGE_TYPE.audio:
      case MESSAGE_TYPE.video:
      case MESSAGE_TYPE.commandAmf0:
      case MESSAGE_TYPE.commandAmf3:
      case MESSAGE_TYPE.dataAmf0:
      case MESSAGE_TYPE.dataAmf3:
        return false;
      default:
        // Acknowledgement and Set Peer Bandwidth ask nothing of a server; shared objects and unknown types are
        // passed over.
        return true;
    }
  }
}
