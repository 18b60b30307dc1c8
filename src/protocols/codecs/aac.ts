import { BitReader } from '../../lib/bit-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** What an AudioSpecificConfig says; ISO 14496-3 1.6.2.1. */
export interface AudioSpecificConfig {
  /** Table 1.17, the outermost one: 2 AAC-LC, 5 HE-AAC, 29 HE-AAC v2. */
  readonly audioObjectType: number;
  /** The object type of the frames' core, which differs from the outermost under explicit SBR and PS. */
  readonly coreObjectType: number;
  /** Of the core, in Hz: what one frame's samples count. */
  readonly sampleRate: number;
  readonly channelCount: number;
  /** Of the core: 1024 or 960. */
  readonly samplesPerFrame: number;
  /** RFC 6381 3.3: `mp4a.40.` and the outermost object type. */
  readonly codecString: string;
  /** The sampling rate after spectral band replication, where the config signals SBR. */
  readonly extensionSampleRate?: number;
  readonly hasParametricStereo: boolean;
}

/** ISO 14496-3 table 1.17. */
export const AudioObjectType = {
  aacMain: 1,
  aacLc: 2,
  aacSsr: 3,
  aacLtp: 4,
  spectralBandReplication: 5,
  aacScalable: 6,
  parametricStereo: 29,
} as const;

/** Object types whose config is a GASpecificConfig of the AAC family, without the low-delay and error-resilient ones. */
const SUPPORTED_CORES: ReadonlySet<number> = new Set([
  AudioObjectType.aacMain,
  AudioObjectType.aacLc,
  AudioObjectType.aacSsr,
  AudioObjectType.aacLtp,
]);

const OBJECT_TYPE_ESCAPE = 31;

/** Table 1.18; 13 and 14 are reserved, 15 says that 24 bits of frequency follow. */
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
  7_350,
] as const;
const SAMPLE_RATE_ESCAPE = 15;
const MAX_SAMPLE_RATE = SAMPLE_RATES[0];

/** Table 1.19; 0 says that a program_config_element follows, and the missing ones are reserved. */
const CHANNEL_COUNTS: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 6],
  [7, 8],
  [11, 7],
  [12, 8],
  [13, 24],
  [14, 8],
]);

/** 1.6.6.1: backward-compatible signalling, after the core's config. */
const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;

/** A config with the largest program_config_element (a 255-byte comment) is well below this. */
const MAX_CONFIG_BYTES = 512;

/**
 * Reads an AudioSpecificConfig (the body of an AAC sequence header in FLV, the DecoderSpecificInfo of `esds`).
 * Throws `ProtocolViolation` on reserved values, and on object types that are not AAC Main, LC, SSR or LTP below
 * an optional SBR and PS layer.
 */
export function parseAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig {
  if (bytes.byteLength > MAX_CONFIG_BYTES) {
    throw new ProtocolViolation(
      `cannot read an AudioSpecificConfig of ${bytes.byteLength} bytes: at most ${MAX_CONFIG_BYTES} are believable`,
    );
  }
  const bits = new BitReader(bytes);
  const audioObjectType = readObjectType(bits);
  const sampleRate = readSampleRate(bits);
  const channelConfiguration = bits.bits(4);

  let coreObjectType = audioObjectType;
  let extensionSampleRate: number | undefined;
  let hasParametricStereo = audioObjectType === AudioObjectType.parametricStereo;
  if (hasParametricStereo || audioObjectType === AudioObjectType.spectralBandReplication) {
    extensionSampleRate = readSampleRate(bits);
    coreObjectType = readObjectType(bits);
  }
  if (!SUPPORTED_CORES.has(coreObjectType)) {
    throw new ProtocolViolation(
      `cannot read an AudioSpecificConfig: object type ${coreObjectType} is not AAC`,
    );
  }

  // GASpecificConfig, 4.4.1
  const samplesPerFrame = bits.flag() ? 960 : 1024; // frameLengthFlag
  if (bits.flag()) bits.skip(14); // dependsOnCoreCoder, coreCoderDelay
  bits.skip(1); // extensionFlag: none of these object types has anything behind it
  const channelCount =
    channelConfiguration === 0
      ? readProgramConfigElement(bits)
      : channelCountOf(channelConfiguration);

  if (extensionSampleRate === undefined) {
    const extension = readSyncExtension(bits);
    extensionSampleRate = extension?.sampleRate;
    hasParametricStereo = extension?.hasParametricStereo ?? false;
  }
  return {
    audioObjectType,
    coreObjectType,
    sampleRate,
    channelCount,
    samplesPerFrame,
    codecString: `mp4a.40.${audioObjectType}`,
    ...(extensionSampleRate === undefined ? {} : { extensionSampleRate }),
    hasParametricStereo,
  };
}

function readObjectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === OBJECT_TYPE_ESCAPE ? 32 + bits.bits(6) : type;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4);
  const sampleRate = index === SAMPLE_RATE_ESCAPE ? bits.bits(24) : SAMPLE_RATES[index];
  if (sampleRate === undefined || sampleRate === 0 || sampleRate > MAX_SAMPLE_RATE) {
    throw new ProtocolViolation(
      `cannot read an AudioSpecificConfig: sampling frequency ${sampleRate ?? `index ${index}`} is not one of AAC`,
    );
  }
  return sampleRate;
}

function channelCountOf(channelConfiguration: number): number {
  const count = CHANNEL_COUNTS.get(channelConfiguration);
  if (count === undefined) {
    throw new ProtocolViolation(
      `cannot read an AudioSpecificConfig: channelConfiguration ${channelConfiguration} is reserved`,
    );
  }
  return count;
}

/** program_config_element, 4.4.1.1; returns the number of channels that it lays out. */
function readProgramConfigElement(bits: BitReader): number {
  bits.skip(10); // element_instance_tag, object_type, sampling_frequency_index
  const speakerElementCount = bits.bits(4) + bits.bits(4) + bits.bits(4); // front, side, back
  const lfeCount = bits.bits(2);
  const associatedDataCount = bits.bits(3);
  const couplingChannelCount = bits.bits(4);
  if (bits.flag()) bits.skip(4); // mono_mixdown_element_number
  if (bits.flag()) bits.skip(4); // stereo_mixdown_element_number
  if (bits.flag()) bits.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channelCount = lfeCount;
  for (let i = 0; i < speakerElementCount; i++) {
    channelCount += bits.flag() ? 2 : 1; // element_is_cpe
    bits.skip(4); // element_tag_select
  }
  bits.skip(4 * lfeCount + 4 * associatedDataCount + 5 * couplingChannelCount);
  bits.alignToByte();
  bits.skip(8 * bits.bits(8)); // comment_field_bytes, comment_field_data
  if (channelCount === 0) {
    throw new ProtocolViolation('cannot read a program_config_element: it has no channel');
  }
  return channelCount;
}

/** 1.6.2.1: SBR and PS announced behind a config that decoders without them can read. */
function readSyncExtension(bits: BitReader) {
  if (bits.remainingBits < 16 || bits.bits(11) !== SYNC_EXTENSION_SBR) return undefined;
  if (readObjectType(bits) !== AudioObjectType.spectralBandReplication) return undefined;
  if (!bits.flag()) return undefined; // sbrPresentFlag
  const sampleRate = readSampleRate(bits);
  const hasParametricStereo =
    bits.remainingBits >= 12 && bits.bits(11) === SYNC_EXTENSION_PS && bits.flag();
  return { sampleRate, hasParametricStereo };
}
