import { ByteReader } from '../../lib/byte-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { describeFourCc, fourCcNumber, skipModifiers } from './enhanced-header.ts';

/** SoundFormat, FLV 10.1 E.4.2.1; 9 is Enhanced RTMP's "ExHeader". */
const FORMAT_ENHANCED = 9;
const FORMAT_AAC = 10;
const LEGACY_FORMAT_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'PCM'],
  [1, 'ADPCM'],
  [2, 'MP3'],
  [3, 'PCM'],
  [4, 'Nellymoser'],
  [5, 'Nellymoser'],
  [6, 'Nellymoser'],
  [7, 'G.711 A-law'],
  [8, 'G.711 mu-law'],
  [11, 'Speex'],
  [13, 'Opus'],
  [14, 'MP3'],
]);

/** AACPacketType, FLV 10.1 E.4.2.1. */
const AAC_PACKET_TYPE = { sequenceHeader: 0, raw: 1 } as const;

/** AudioPacketType, Enhanced RTMP v2. */
const PACKET_TYPE = { sequenceStart: 0, codedFrames: 1, multitrack: 5 } as const;

const FOUR_CC_AAC = fourCcNumber('mp4a');
const FOUR_CC_NAMES: ReadonlyMap<number, string> = new Map([
  [fourCcNumber('Opus'), 'Opus'],
  [fourCcNumber('fLaC'), 'FLAC'],
  [fourCcNumber('ac-3'), 'AC-3'],
  [fourCcNumber('ec-3'), 'E-AC-3'],
  [fourCcNumber('.mp3'), 'MP3'],
]);

/** An audio message of RTMP, which is the body of an FLV audio tag. */
export type AudioTag =
  /** `bytes`: an AudioSpecificConfig. */
  | { readonly kind: 'sequence-header'; readonly bytes: Uint8Array }
  /** A raw AAC frame without ADTS; a view of the message. May be empty. */
  | { readonly kind: 'frame'; readonly payload: Uint8Array }
  /** End of sequence, channel layouts, silence: nothing to decode. */
  | { readonly kind: 'none' }
  /** `codec` is a name for people. */
  | { readonly kind: 'unsupported'; readonly codec: string };

const NOTHING: AudioTag = { kind: 'none' };

/**
 * Decodes AAC in the classic form (FLV 10.1, E.4.2) and in the enhanced one (Enhanced RTMP v2, "Enhanced
 * Audio", FourCC `mp4a`). Other codecs are named, not decoded. Throws `ProtocolViolation` when the tag is cut
 * off.
 */
export function decodeAudioTag(body: Uint8Array): AudioTag {
  // Enhanced RTMP v2: "an audio message with a zero-length payload" is a period of silence; Flash sent it too.
  if (body.byteLength === 0) return NOTHING;
  const reader = new ByteReader(body);
  const first = reader.u8();
  const format = first >> 4;
  if (format === FORMAT_ENHANCED) return decodeEnhanced(reader, first & 0x0f);
  if (format !== FORMAT_AAC) {
    return { kind: 'unsupported', codec: LEGACY_FORMAT_NAMES.get(format) ?? `format ${format}` };
  }
  const packetType = reader.u8();
  switch (packetType) {
    case AAC_PACKET_TYPE.sequenceHeader:
      return { kind: 'sequence-header', bytes: reader.rest() };
    case AAC_PACKET_TYPE.raw:
      return { kind: 'frame', payload: reader.rest() };
    default:
      throw new ProtocolViolation(`cannot read an AAC packet of type ${packetType}`);
  }
}

function decodeEnhanced(reader: ByteReader, firstPacketType: number): AudioTag {
  const packetType = skipModifiers(reader, firstPacketType);
  if (packetType === PACKET_TYPE.multitrack) return { kind: 'unsupported', codec: 'multitrack' };
  const fourCc = reader.u32();
  if (fourCc !== FOUR_CC_AAC) {
    return { kind: 'unsupported', codec: FOUR_CC_NAMES.get(fourCc) ?? describeFourCc(fourCc) };
  }
  switch (packetType) {
    case PACKET_TYPE.sequenceStart:
      return { kind: 'sequence-header', bytes: reader.rest() };
    case PACKET_TYPE.codedFrames:
      return { kind: 'frame', payload: reader.rest() };
    default:
      // Sequence end, multichannel configuration, and what a later version adds.
      return NOTHING;
  }
}
