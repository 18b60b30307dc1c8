import { ByteWriter } from '../../lib/byte-writer.ts';
import { DEFAULT_CHUNK_BYTES } from './chunk-reader.ts';
import { decodeChunkSize, MESSAGE_TYPE, type RtmpMessage } from './message.ts';

const EXTENDED_TIMESTAMP = 0xffffff;

/** What was last sent on a chunk stream, and what a header may leave out because of it. */
interface Sent {
  readonly message: RtmpMessage;
  readonly deltaMs: number;
}

/**
 * Messages in, chunks out (RTMP 1.0, 5.3), each with the shortest header that says it. A Set Chunk Size message
 * takes effect on what follows it. Time that steps back is sent absolute, as deltas can't be negative.
 */
export class ChunkWriter {
  readonly #sent = new Map<number, Sent>();
  #chunkBytes = DEFAULT_CHUNK_BYTES;

  /** The message as bytes for the wire, in a buffer of their own. */
  encode(message: RtmpMessage): Uint8Array {
    const writer = new ByteWriter(message.body.byteLength + 64);
    const extendedTimestamp = this.#writeFirstHeader(writer, message);
    let at = 0;
    for (;;) {
      const end = Math.min(at + this.#chunkBytes, message.body.byteLength);
      writer.bytes(message.body.subarray(at, end));
      at = end;
      if (at === message.body.byteLength) break;
      writeBasicHeader(writer, 3, message.chunkStreamId);
      if (extendedTimestamp !== undefined) writer.u32(extendedTimestamp);
    }
    if (message.typeId === MESSAGE_TYPE.setChunkSize) {
      this.#chunkBytes = decodeChunkSize(message.body);
    }
    return writer.finish();
  }

  /** Returns the extended timestamp, which every further chunk of the message repeats (5.3.1.3). */
  #writeFirstHeader(writer: ByteWriter, message: RtmpMessage): number | undefined {
    const type = this.#shortestType(message);
    const last = this.#sent.get(message.chunkStreamId);
    const time =
      type === 0 || last === undefined
        ? message.timestampMs
        : message.timestampMs - last.message.timestampMs;
    const extended = time >= EXTENDED_TIMESTAMP;
    writeBasicHeader(writer, type, message.chunkStreamId);
    if (type <= 2) writer.u24(extended ? EXTENDED_TIMESTAMP : time);
    if (type <= 1) writer.u24(message.body.byteLength).u8(message.typeId);
    if (type === 0) writer.u32LittleEndian(message.messageStreamId);
    if (extended) writer.u32(time);
    this.#sent.set(message.chunkStreamId, { message, deltaMs: time });
    return extended ? time : undefined;
  }

  #shortestType(message: RtmpMessage): 0 | 1 | 2 | 3 {
    const last = this.#sent.get(message.chunkStreamId);
    if (
      last === undefined ||
      last.message.messageStreamId !== message.messageStreamId ||
      message.timestampMs < last.message.timestampMs
    ) {
      return 0;
    }
    const isSameKind =
      last.message.typeId === message.typeId &&
      last.message.body.byteLength === message.body.byteLength;
    if (!isSameKind) return 1;
    return message.timestampMs - last.message.timestampMs === last.deltaMs ? 3 : 2;
  }
}

function writeBasicHeader(writer: ByteWriter, type: number, id: number): void {
  const high = type * 64;
  if (id < 64) writer.u8(high + id);
  else if (id < 320) writer.u8(high).u8(id - 64);
  else
    writer
      .u8(high + 1)
      .u8((id - 64) % 256)
      .u8(Math.floor((id - 64) / 256));
}
