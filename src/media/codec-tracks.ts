import { parseAudioSpecificConfig } from '../protocols/codecs/aac.ts';
import { type NalUnitLengthSize, parseAvcDecoderConfiguration } from '../protocols/codecs/avc.ts';
import { type AudioTrack, VIDEO_TIMESCALE, type VideoTrack } from './frame.ts';

/**
 * The video track that an AVC sequence header describes. Any profile: IVS asks for 4:2:0 with 8 bits, but what
 * is passed through is between the encoder and its viewers' players. Throws `ProtocolViolation` where it is none.
 */
export function videoTrackOf(sequenceHeader: Uint8Array): {
  readonly track: VideoTrack;
  readonly nalUnitLengthSize: NalUnitLengthSize;
} {
  // Kept for as long as the stream: a copy, so that it does not hold a slab of old frames.
  const decoderConfiguration = Uint8Array.from(sequenceHeader);
  const avc = parseAvcDecoderConfiguration(decoderConfiguration);
  const track: VideoTrack = {
    kind: 'video',
    codec: 'avc',
    timescale: VIDEO_TIMESCALE,
    decoderConfiguration,
    codecString: avc.codecString,
    profile: avc.profile,
    level: avc.level,
    width: avc.width,
    height: avc.height,
    ...(avc.frameRate === undefined ? {} : { declaredFrameRate: avc.frameRate }),
  };
  return { track, nalUnitLengthSize: avc.nalUnitLengthSize };
}

/**
 * The audio track that an AAC sequence header describes, and its audio object type (ISO 14496-3 table 1.17): whether that
 * is taken is for the caller to say. Throws `ProtocolViolation` where it is none.
 */
export function audioTrackOf(sequenceHeader: Uint8Array): {
  readonly track: AudioTrack;
  readonly audioObjectType: number;
} {
  const decoderConfiguration = Uint8Array.from(sequenceHeader);
  const aac = parseAudioSpecificConfig(decoderConfiguration);
  const track: AudioTrack = {
    kind: 'audio',
    codec: 'aac',
    timescale: aac.sampleRate,
    decoderConfiguration,
    codecString: aac.codecString,
    sampleRate: aac.sampleRate,
    channelCount: aac.channelCount,
    samplesPerFrame: aac.samplesPerFrame,
  };
  return { track, audioObjectType: aac.audioObjectType };
}
