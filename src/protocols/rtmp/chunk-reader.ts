import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { type SlabAllocator, SlabPool } from '../../lib/slab-pool.ts';
import { decodeChunkSize, decodeU32, MESSAGE_TYPE, type RtmpMessage } from './message.ts';

/** 5.4.1: "The maximum chunk size defaults to 128 bytes". */
export const DEFAULT_CHUNK_BYTES = 128;

/** An encoder uses 4 to 8 (one a kind of message and track). */
const MAX_CHUNK_STREAMS = 64;
/** Partial messages of all chunk streams: audio and data interleave with one large video message. */
const PARTIAL_MESSAGES_PER_LIMIT = 2;

/** Basic header 3, message header 11, extended timestamp 4 (5.3.1). */
const MAX_HEADER_BYTES = 18;
/** Message header by chunk type (5.3.1.2). */
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
/** 5.3.1.2.1: a timestamp field of this value says that an extended timestamp follows. */
const EXTENDED_TIMESTAMP = 0xffffff;

/** Sequence headers, which some encoders repeat at each keyframe, are below this; so is digital silence. */
const MAX_HEADER_MESSAGE_BYTES = 80;

const NO_BYTES = Buffer.alloc(0);

/** What the next chunk on the same chunk stream may leave out. */
interface ChunkStream {
  readonly id: number;
  hasHeader: boolean;
  timestampMs: number;
  deltaMs: number;
  /** As sent, where the last header with a timestamp field had one. */
  extendedTimestamp: number | undefined;
  byteLength: number;
  typeId: number;
  messageStreamId: number;
  /** The message under way; none between messages. */
  body: Buffer | undefined;
  filled: number;
}

/**
 * Chunks in, messages out (RTMP 1.0, 5.3). Works on the socket's own buffers: each payload byte is copied once,
 * into the message that it belongs to. Pull: `push` takes bytes, `next` gives one message a call, so the owner
 * may change its mind (or the limit) between two messages of one buffer. Set Chunk Size and Abort are obeyed
 * here and not passed on.
 *
 * `next` throws `ProtocolViolation`; the reader is of no use afterwards.
 */
export class ChunkReader {
  readonly #streams = new Map<number, ChunkStream>();
  readonly #slabs: SlabAllocator;
  readonly #carry = Buffer.alloc(MAX_HEADER_BYTES);
  #messageLimitBytes: number;
  #carried = 0;
  #input: Buffer = NO_BYTES;
  #at = 0;
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #partialBytes = 0;
  /** The chunk stream whose payload comes now, or nothing where a header does. */
  #current: ChunkStream | undefined;
  #chunkBytesLeft = 0;

  /**
   * Messages announced larger than `messageLimitBytes` are refused before memory is taken for them. Audio and video is put
   * into `slabs`, whose pool its last owner may give it back to.
   */
  constructor(messageLimitBytes: number, slabs = new SlabPool().allocator()) {
    this.#messageLimitBytes = messageLimitBytes;
    this.#slabs = slabs;
  }

  set messageLimitBytes(byteLength: number) {
    this.#messageLimitBytes = byteLength;
  }

  /** Takes bytes off the socket; they must not change until `next` has no more to give, or `keep` was called. */
  push(bytes: Uint8Array): void {
    const buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Left over only where the owner stopped in mid-buffer.
    if (this.#at < this.#input.length) {
      this.#input = Buffer.concat([this.#input.subarray(this.#at), buffer]);
    } else this.#input = buffer;
    this.#at = 0;
  }

  /** Copies what is left of the bytes that were pushed: whoever pushed them may change them now. */
  keep(): void {
    if (this.#at === this.#input.length) return;
    this.#input = Buffer.from(this.#input.subarray(this.#at));
    this.#at = 0;
  }

  /** The next complete message, or nothing until more bytes are pushed. */
  next(): RtmpMessage | undefined {
    for (;;) {
      const stream = this.#current ?? this.#nextChunk();
      if (stream === undefined || !this.#copyPayload(stream)) {
        this.#input = NO_BYTES;
        this.#at = 0;
        return undefined;
      }
      this.#current = undefined;
      if (stream.filled < stream.byteLength) continue;
      const message = this.#complete(stream);
      if (!this.#obey(message)) return message;
    }
  }

  /** Copies what there is of the chunk's payload; says whether that was all of it. */
  #copyPayload(stream: ChunkStream): boolean {
    const count = Math.min(this.#chunkBytesLeft, this.#input.length - this.#at);
    if (count > 0 && stream.body !== undefined) {
      this.#input.copy(stream.body, stream.filled, this.#at, this.#at + count);
      this.#at += count;
      stream.filled += count;
      this.#chunkBytesLeft -= count;
    }
    return this.#chunkBytesLeft === 0;
  }

  #complete(stream: ChunkStream): RtmpMessage {
    const body = stream.body ?? NO_BYTES;
    this.#partialBytes -= stream.byteLength;
    stream.body = undefined;
    stream.filled = 0;
    return {
      typeId: stream.typeId,
      chunkStreamId: stream.id,
      messageStreamId: stream.messageStreamId,
      timestampMs: stream.timestampMs,
      body,
    };
  }

  #obey(message: RtmpMessage): boolean {
    if (message.typeId === MESSAGE_TYPE.setChunkSize) {
      this.#chunkBytes = decodeChunkSize(message.body);
      return true;
    }
    if (message.typeId === MESSAGE_TYPE.abort) {
      const stream = this.#streams.get(decodeU32(message.body));
      if (stream?.body !== undefined) this.#complete(stream);
      return true;
    }
    return false;
  }

  /** Reads a chunk header, whether it is whole in the input or began in an earlier one. */
  #nextChunk(): ChunkStream | undefined {
    if (this.#carried === 0) {
      const consumed = this.#readHeader(this.#input, this.#at, this.#input.length);
      if (consumed > 0) {
        this.#at += consumed;
        return this.#current;
      }
      this.#carried = this.#input.copy(this.#carry, 0, this.#at);
      return undefined;
    }
    const before = this.#carried;
    this.#carried += this.#input.copy(this.#carry, before, this.#at);
    const consumed = this.#readHeader(this.#carry, 0, this.#carried);
    if (consumed === 0) return undefined;
    this.#carried = 0;
    if (consumed >= before) this.#at += consumed - before;
    else {
      // What was carried as an extended timestamp turned out to be payload.
      const payload = this.#carry.subarray(consumed, before);
      this.#input = Buffer.concat([payload, this.#input.subarray(this.#at)]);
      this.#at = 0;
    }
    return this.#current;
  }

  /**
   * Parses the header at `start` and makes its chunk the current one. Returns its length, or 0 and no change
   * where it does not end before `end`.
   */
  #readHeader(bytes: Buffer, start: number, end: number): number {
    let at = start + 1;
    if (at > end) return 0;
    const first = bytes.readUInt8(start);
    const type = first >> 6;
    let id = first & 0x3f;
    // 5.3.1.1: ids 64 to 319 take 2 bytes, 64 to 65599 take 3, of which the third is the high one.
    if (id === 0) {
      if (at + 1 > end) return 0;
      id = bytes.readUInt8(at) + 64;
      at += 1;
    } else if (id === 1) {
      if (at + 2 > end) return 0;
      id = bytes.readUInt16LE(at) + 64;
      at += 2;
    }
    const fieldsAt = at;
    at += MESSAGE_HEADER_BYTES[type] ?? 0;
    if (at > end) return 0;

    const known = this.#streams.get(id);
    if (type === 3) {
      if (known === undefined || !known.hasHeader) {
        throw new ProtocolViolation(`cannot continue chunk stream ${id}: nothing came before`);
      }
      if (known.extendedTimestamp !== undefined) {
        if (at + 4 > end) return 0;
        // 5.3.1.3 has type 3 repeat the extended timestamp; old librtmp does not. Equal bytes are taken
        // for one.
        if (bytes.readUInt32BE(at) === known.extendedTimestamp) at += 4;
      }
      if (known.body === undefined) this.#repeatHeader(known);
      this.#beginChunk(known);
      return at - start;
    }

    const timestampField = bytes.readUIntBE(fieldsAt, 3);
    let extendedTimestamp: number | undefined;
    if (timestampField === EXTENDED_TIMESTAMP) {
      if (at + 4 > end) return 0;
      extendedTimestamp = bytes.readUInt32BE(at);
      at += 4;
    }
    const stream = known ?? this.#addStream(id);
    if (stream.body !== undefined) {
      throw new ProtocolViolation(
        `cannot begin a message with a type ${type} chunk: chunk stream ${id} has ${stream.filled} of ${stream.byteLength} bytes of another`,
      );
    }
    // librtmp begins chunk stream 2 with a type 1 chunk (its ping): message stream 0 goes without saying.
    if (type === 2 && !stream.hasHeader) {
      throw new ProtocolViolation(`cannot begin chunk stream ${id} with a type 2 chunk`);
    }
    const time = extendedTimestamp ?? timestampField;
    stream.extendedTimestamp = extendedTimestamp;
    // 5.3.1.2.4: a type 3 chunk that begins a message after a type 0 chunk takes the timestamp for its delta.
    stream.deltaMs = time;
    stream.timestampMs = type === 0 ? time : (stream.timestampMs + time) >>> 0;
    if (type <= 1) {
      stream.byteLength = bytes.readUIntBE(fieldsAt + 3, 3);
      stream.typeId = bytes.readUInt8(fieldsAt + 6);
    }
    if (type === 0) stream.messageStreamId = bytes.readUInt32LE(fieldsAt + 7);
    stream.hasHeader = true;
    this.#beginMessage(stream);
    this.#beginChunk(stream);
    return at - start;
  }

  /** A type 3 chunk between messages: everything as before, one delta later. */
  #repeatHeader(stream: ChunkStream): void {
    stream.timestampMs = (stream.timestampMs + stream.deltaMs) >>> 0;
    this.#beginMessage(stream);
  }

  #beginMessage(stream: ChunkStream): void {
    const byteLength = stream.byteLength;
    if (byteLength > this.#messageLimitBytes) {
      throw new ProtocolViolation(
        `cannot take a message of ${byteLength} bytes: at most ${this.#messageLimitBytes}`,
      );
    }
    const partialLimitBytes = PARTIAL_MESSAGES_PER_LIMIT * this.#messageLimitBytes;
    if (this.#partialBytes + byteLength > partialLimitBytes) {
      throw new ProtocolViolation(
        `cannot begin a message of ${byteLength} bytes: ${this.#partialBytes} bytes of others are under way, at most ${partialLimitBytes}`,
      );
    }
    this.#partialBytes += byteLength;
    stream.body = byteLength === 0 ? undefined : this.#allocate(stream.typeId, byteLength);
    stream.filled = 0;
  }

  /** A message that is not a frame is dropped as soon as it was read, and would keep its slab from being used again. */
  #allocate(typeId: number, byteLength: number): Buffer {
    const isFrame =
      (typeId === MESSAGE_TYPE.video || typeId === MESSAGE_TYPE.audio) &&
      byteLength > MAX_HEADER_MESSAGE_BYTES;
    return isFrame ? this.#slabs.allocate(byteLength) : Buffer.allocUnsafe(byteLength);
  }

  #beginChunk(stream: ChunkStream): void {
    this.#current = stream;
    this.#chunkBytesLeft = Math.min(this.#chunkBytes, stream.byteLength - stream.filled);
  }

  #addStream(id: number): ChunkStream {
    if (this.#streams.size >= MAX_CHUNK_STREAMS) {
      throw new ProtocolViolation(`cannot open chunk stream ${id}: ${MAX_CHUNK_STREAMS} are open`);
    }
    const stream: ChunkStream = {
      id,
      hasHeader: false,
      timestampMs: 0,
      deltaMs: 0,
      extendedTimestamp: undefined,
      byteLength: 0,
      typeId: 0,
      messageStreamId: 0,
      body: undefined,
      filled: 0,
    };
    this.#streams.set(id, stream);
    return stream;
  }
}
