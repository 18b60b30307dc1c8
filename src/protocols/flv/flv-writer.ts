import { ByteWriter } from '../../lib/byte-writer.ts';
import { type Amf0Value, EcmaArray, encodeAmf0 } from '../amf0.ts';
import {
  FLV_HEADER_BYTES,
  FLV_TAG_HEADER_BYTES,
  FLV_TAG_TYPE,
  PREVIOUS_TAG_SIZE_BYTES,
} from './flv-tag.ts';

/** TypeFlags, Adobe FLV 10.1 E.2. */
const HAS_AUDIO = 0x04;
const HAS_VIDEO = 0x01;

/** FrameType in the high, CodecID AVC in the low four bits (E.4.3.1). */
const AVC_KEYFRAME = 0x17;
const AVC_INTER_FRAME = 0x27;
/** E.4.2.1: "If the SoundFormat indicates AAC, the SoundType should be 1 (stereo) and the SoundRate should be 3 (44 kHz)". */
const AAC = 0xaf;

/** AVCPacketType and AACPacketType have the same two. */
const SEQUENCE_HEADER = 0;
const CODED = 1;

/** DataSize has 24 bits (E.4.1). */
const MAX_BODY_BYTES = 2 ** 24 - 1;

/** Payload up to here is copied behind its header: one buffer costs less than the three of a gathered write. */
const COPIED_PAYLOAD_BYTES = 2048;

const NO_BYTES = new Uint8Array(0);

/** The file header with the PreviousTagSize that follows it. */
export function encodeFlvHeader(tracks: { hasVideo: boolean; hasAudio: boolean }): Uint8Array {
  const flags = (tracks.hasVideo ? HAS_VIDEO : 0) | (tracks.hasAudio ? HAS_AUDIO : 0);
  return new ByteWriter(FLV_HEADER_BYTES + PREVIOUS_TAG_SIZE_BYTES)
    .utf8('FLV')
    .u8(1)
    .u8(flags)
    .u32(FLV_HEADER_BYTES)
    .u32(0)
    .finish();
}

/** `onMetaData` (E.5): what a reader takes for granted before it has seen a frame, e.g. `framerate`. */
export function encodeFlvMetadata(members: Readonly<Record<string, Amf0Value>>): Uint8Array[] {
  const payload = encodeAmf0(['onMetaData', new EcmaArray(Object.entries(members))]);
  return encodeTag(FLV_TAG_TYPE.script, 0, [], payload);
}

/** `record`: an AVCDecoderConfigurationRecord. */
export function encodeAvcSequenceHeader(timestampMs: number, record: Uint8Array): Uint8Array[] {
  const prefix = [AVC_KEYFRAME, SEQUENCE_HEADER, 0, 0, 0];
  return encodeTag(FLV_TAG_TYPE.video, timestampMs, prefix, record);
}

/** One access unit of length-prefixed NAL units. `compositionTimeMs` is signed and has 24 bits. */
export function encodeAvcFrame(frame: {
  readonly timestampMs: number;
  readonly compositionTimeMs: number;
  readonly isKeyframe: boolean;
  readonly payload: Uint8Array;
}): Uint8Array[] {
  const { compositionTimeMs } = frame;
  const prefix = [
    frame.isKeyframe ? AVC_KEYFRAME : AVC_INTER_FRAME,
    CODED,
    (compositionTimeMs >> 16) & 0xff,
    (compositionTimeMs >> 8) & 0xff,
    compositionTimeMs & 0xff,
  ];
  return encodeTag(FLV_TAG_TYPE.video, frame.timestampMs, prefix, frame.payload);
}

/** `config`: an AudioSpecificConfig. */
export function encodeAacSequenceHeader(timestampMs: number, config: Uint8Array): Uint8Array[] {
  return encodeTag(FLV_TAG_TYPE.audio, timestampMs, [AAC, SEQUENCE_HEADER], config);
}

/** One raw AAC frame. */
export function encodeAacFrame(timestampMs: number, payload: Uint8Array): Uint8Array[] {
  return encodeTag(FLV_TAG_TYPE.audio, timestampMs, [AAC, CODED], payload);
}

/**
 * A tag with its PreviousTagSize, as buffers for a gathered write; a large payload is among them as it is. The size is
 * written with its tag, not before the next one: ffmpeg's reader hands out a frame when it has read that far.
 */
function encodeTag(
  type: number,
  timestampMs: number,
  prefix: readonly number[],
  payload: Uint8Array,
): Uint8Array[] {
  const bodyBytes = prefix.length + payload.byteLength;
  if (bodyBytes > MAX_BODY_BYTES) {
    throw new RangeError(
      `cannot write an FLV tag of ${bodyBytes} bytes: at most ${MAX_BODY_BYTES}`,
    );
  }
  const isCopied = payload.byteLength <= COPIED_PAYLOAD_BYTES;
  const headBytes = FLV_TAG_HEADER_BYTES + prefix.length;
  const writer = new ByteWriter(
    headBytes + PREVIOUS_TAG_SIZE_BYTES + (isCopied ? payload.byteLength : 0),
  );
  writer
    .u8(type)
    .u24(bodyBytes)
    .u24(timestampMs & 0xffffff)
    .u8((timestampMs >>> 24) & 0xff)
    .u24(0); // StreamID
  for (const byte of prefix) writer.u8(byte);
  writer.bytes(isCopied ? payload : NO_BYTES).u32(FLV_TAG_HEADER_BYTES + bodyBytes);
  const bytes = writer.finish();
  return isCopied ? [bytes] : [bytes.subarray(0, headBytes), payload, bytes.subarray(headBytes)];
}
