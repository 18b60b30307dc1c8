import { ByteReader } from '../../lib/byte-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { describeFourCc, fourCcNumber, skipModifiers } from './enhanced-header.ts';

/** Frame types, FLV 10.1 E.4.3.1. */
const FRAME_TYPE = { key: 1, generatedKey: 4, command: 5 } as const;

/** CodecID, FLV 10.1 E.4.3.1; 12 and 13 are not Adobe's but what encoders without the enhanced form send. */
const CODEC_AVC = 7;
const LEGACY_CODEC_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'JPEG'],
  [2, 'Sorenson H.263'],
  [3, 'Screen video'],
  [4, 'VP6'],
  [5, 'VP6 with alpha'],
  [6, 'Screen video 2'],
  [8, 'H.263'],
  [9, 'MPEG-4 Part 2'],
  [12, 'HEVC'],
  [13, 'AV1'],
]);

/** AVCPacketType, FLV 10.1 E.4.3.2. */
const AVC_PACKET_TYPE = { sequenceHeader: 0, nalUnits: 1, endOfSequence: 2 } as const;

/** VideoPacketType, Enhanced RTMP v2. */
const PACKET_TYPE = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  /** As `codedFrames`, with a composition time of 0 left out. */
  codedFramesX: 3,
  multitrack: 6,
} as const;

const FOUR_CC_AVC = fourCcNumber('avc1');
const FOUR_CC_NAMES: ReadonlyMap<number, string> = new Map([
  [fourCcNumber('hvc1'), 'HEVC'],
  [fourCcNumber('vvc1'), 'VVC'],
  [fourCcNumber('av01'), 'AV1'],
  [fourCcNumber('vp08'), 'VP8'],
  [fourCcNumber('vp09'), 'VP9'],
]);

/** A video message of RTMP, which is the body of an FLV video tag. */
export type VideoTag =
  /** `bytes`: an AVCDecoderConfigurationRecord. */
  | { readonly kind: 'sequence-header'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'frame';
      /** As the encoder flags it. */
      readonly isKeyframe: boolean;
      /** Presentation minus decoding time; signed 24 bits. */
      readonly compositionTimeMs: number;
      /** Length-prefixed NAL units; a view of the message. May be empty. */
      readonly payload: Uint8Array;
    }
  /** End of sequence, commands, colour metadata: nothing to decode. */
  | { readonly kind: 'none' }
  /** `codec` is a name for people. */
  | { readonly kind: 'unsupported'; readonly codec: string };

const NOTHING: VideoTag = { kind: 'none' };

/**
 * Decodes AVC in the classic form (FLV 10.1, E.4.3) and in the enhanced one (Enhanced RTMP v2, "Enhanced
 * Video", FourCC `avc1`). Other codecs are named, not decoded. Throws `ProtocolViolation` when the tag is cut
 * off.
 */
export function decodeVideoTag(body: Uint8Array): VideoTag {
  // Encoders send empty messages now and then; SRS and nginx-rtmp pass over them too.
  if (body.byteLength === 0) return NOTHING;
  const reader = new ByteReader(body);
  const first = reader.u8();
  const isEnhanced = first >= 0x80;
  const frameType = (first >> 4) & 0x07;
  if (frameType === FRAME_TYPE.command) return NOTHING;
  const isKeyframe = frameType === FRAME_TYPE.key || frameType === FRAME_TYPE.generatedKey;
  return isEnhanced
    ? decodeEnhanced(reader, first & 0x0f, isKeyframe)
    : decodeLegacy(reader, first & 0x0f, isKeyframe);
}

function decodeLegacy(reader: ByteReader, codecId: number, isKeyframe: boolean): VideoTag {
  if (codecId !== CODEC_AVC) {
    return { kind: 'unsupported', codec: LEGACY_CODEC_NAMES.get(codecId) ?? `codec id ${codecId}` };
  }
  const packetType = reader.u8();
  const compositionTimeMs = reader.i24();
  switch (packetType) {
    case AVC_PACKET_TYPE.sequenceHeader:
      return { kind: 'sequence-header', bytes: reader.rest() };
    case AVC_PACKET_TYPE.nalUnits:
      return { kind: 'frame', isKeyframe, compositionTimeMs, payload: reader.rest() };
    case AVC_PACKET_TYPE.endOfSequence:
      return NOTHING;
    default:
      throw new ProtocolViolation(`cannot read an AVC packet of type ${packetType}`);
  }
}

function decodeEnhanced(
  reader: ByteReader,
  firstPacketType: number,
  isKeyframe: boolean,
): VideoTag {
  const packetType = skipModifiers(reader, firstPacketType);
  if (packetType === PACKET_TYPE.multitrack) return { kind: 'unsupported', codec: 'multitrack' };
  const fourCc = reader.u32();
  if (fourCc !== FOUR_CC_AVC) {
    return { kind: 'unsupported', codec: FOUR_CC_NAMES.get(fourCc) ?? describeFourCc(fourCc) };
  }
  switch (packetType) {
    case PACKET_TYPE.sequenceStart:
      return { kind: 'sequence-header', bytes: reader.rest() };
    case PACKET_TYPE.codedFrames: {
      const compositionTimeMs = reader.i24();
      return { kind: 'frame', isKeyframe, compositionTimeMs, payload: reader.rest() };
    }
    case PACKET_TYPE.codedFramesX:
      return { kind: 'frame', isKeyframe, compositionTimeMs: 0, payload: reader.rest() };
    default:
      // Sequence end, metadata, MPEG-2 TS sequence start, and what a later version adds.
      return NOTHING;
  }
}
