import { ByteReader } from '../../lib/byte-reader.ts';
import { ByteWriter } from '../../lib/byte-writer.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** Message type ids: RTMP 1.0, 5.4 and 7.1. */
export const MESSAGE_TYPE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** User control event types: RTMP 1.0, 7.1.7. */
const USER_CONTROL = { streamBegin: 0, pingRequest: 6, pingResponse: 7 } as const;

/** 5.4: "Bandwidth limit type: 2 - Dynamic", what every server sends. */
const LIMIT_TYPE_DYNAMIC = 2;

/** One complete message, as it was chunked. */
export interface RtmpMessage {
  readonly typeId: number;
  readonly chunkStreamId: number;
  readonly messageStreamId: number;
  /** Milliseconds since the sender's epoch, modulo 2^32. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

/** Protocol control and network commands travel apart, so that media never delays control. */
const CHUNK_STREAM = { control: 2, command: 3, status: 5 } as const;

function controlMessage(typeId: number, body: Uint8Array): RtmpMessage {
  // 5.4: protocol control messages use message stream 0 and chunk stream 2.
  return { typeId, chunkStreamId: CHUNK_STREAM.control, messageStreamId: 0, timestampMs: 0, body };
}

const u32 = (value: number) => new ByteWriter(4).u32(value).finish();

export const setChunkSize = (byteLength: number): RtmpMessage =>
  controlMessage(MESSAGE_TYPE.setChunkSize, u32(byteLength));

/** `totalByteLength`: bytes received so far; counted modulo 2^32 on the wire. */
export const acknowledgement = (totalByteLength: number): RtmpMessage =>
  controlMessage(MESSAGE_TYPE.acknowledgement, u32(totalByteLength % 2 ** 32));

export const windowAcknowledgementSize = (byteLength: number): RtmpMessage =>
  controlMessage(MESSAGE_TYPE.windowAcknowledgementSize, u32(byteLength));

export const setPeerBandwidth = (byteLength: number): RtmpMessage =>
  controlMessage(
    MESSAGE_TYPE.setPeerBandwidth,
    new ByteWriter(5).u32(byteLength).u8(LIMIT_TYPE_DYNAMIC).finish(),
  );

export const streamBegin = (messageStreamId: number): RtmpMessage =>
  userControl(USER_CONTROL.streamBegin, messageStreamId);

export const pingResponse = (timestampMs: number): RtmpMessage =>
  userControl(USER_CONTROL.pingResponse, timestampMs);

function userControl(eventType: number, value: number): RtmpMessage {
  const body = new ByteWriter(6).u16(eventType).u32(value).finish();
  return controlMessage(MESSAGE_TYPE.userControl, body);
}

/** Commands about a message stream go on a chunk stream of their own, as encoders expect of `onStatus`. */
export function commandMessage(messageStreamId: number, body: Uint8Array): RtmpMessage {
  const chunkStreamId = messageStreamId === 0 ? CHUNK_STREAM.command : CHUNK_STREAM.status;
  const typeId = MESSAGE_TYPE.commandAmf0;
  return { typeId, chunkStreamId, messageStreamId, timestampMs: 0, body };
}

/** The time that a ping request wants back, or nothing where the event is another one. */
export function decodePingRequest(body: Uint8Array): number | undefined {
  const reader = new ByteReader(body);
  return reader.u16() === USER_CONTROL.pingRequest ? reader.u32() : undefined;
}

/** Body of Set Chunk Size (5.4.1): 1 to 2^31 - 1 bytes. */
export function decodeChunkSize(body: Uint8Array): number {
  const byteLength = new ByteReader(body).u32();
  if (byteLength < 1 || byteLength > 0x7fffffff) {
    throw new ProtocolViolation(`cannot set a chunk size of ${byteLength} bytes`);
  }
  return byteLength;
}

/** Body of Abort, Window Acknowledgement Size: one number. */
export const decodeU32 = (body: Uint8Array): number => new ByteReader(body).u32();

/**
 * What one aggregate message may have in it. Encoders that batch put a fraction of a second into each; a message of 8 MiB has room for
 * half a million empty ones.
 */
const MAX_AGGREGATED_MESSAGES = 1_000;

/**
 * The messages inside an aggregate message (7.1.6), one at a time: FLV tags, each followed by its size. Times are relative to
 * the first one's, which stands for the aggregate's own. Throws `ProtocolViolation`, also for an aggregate in an aggregate, which no
 * encoder sends, and for more than a thousand messages.
 */
export function* splitAggregate(aggregate: RtmpMessage): Generator<RtmpMessage, undefined> {
  const reader = new ByteReader(aggregate.body);
  let firstTimestampMs: number | undefined;
  for (let count = 1; reader.remaining > 0; count++) {
    if (count > MAX_AGGREGATED_MESSAGES) {
      throw new ProtocolViolation(
        `cannot take an aggregate message of more than ${MAX_AGGREGATED_MESSAGES} messages`,
      );
    }
    const typeId = reader.u8();
    if (typeId === MESSAGE_TYPE.aggregate) {
      throw new ProtocolViolation('cannot take an aggregate message inside an aggregate message');
    }
    const byteLength = reader.u24();
    const timestampLow = reader.u24();
    const tagTimestampMs = reader.u8() * 2 ** 24 + timestampLow;
    reader.skip(3);
    firstTimestampMs ??= tagTimestampMs;
    const timestampMs = (aggregate.timestampMs + tagTimestampMs - firstTimestampMs) >>> 0;
    const body = reader.bytes(byteLength);
    reader.skip(4);
    yield { ...aggregate, typeId, timestampMs, body };
  }
}
