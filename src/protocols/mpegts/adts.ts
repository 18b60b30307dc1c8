import { BitReader } from '../../lib/bit-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { parseAudioSpecificConfig } from '../codecs/aac.ts';

/** Without the CRC: protection_absent is 1. */
const HEADER_BYTES = 7;
/** aac_frame_length is 13 bits and counts the header. */
const MAX_FRAME_BYTES = 0x1fff;
/** What a header can't say otherwise, ISO 14496-3 1.A.3.2: number_of_raw_data_blocks_in_frame 0. */
const SAMPLES_PER_FRAME = 1024;
/** channel_configuration is three bits; 0 wants a program_config_element in the frames. */
const MAX_CHANNEL_CONFIGURATION = 7;

/** ISO 14496-3 table 1.18: sampling_frequency_index is the place in the list. */
const SAMPLE_RATES: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
  7_350,
];

/**
 * AAC frames with an ADTS header each, ISO 14496-3 1.A.2.2. SBR is signalled implicitly, as it always is in ADTS: the header
 * tells of the core.
 */
export class AdtsFormat {
  /** Duration of a frame, in 90 kHz ticks; not an integer at 44.1 kHz. */
  readonly frameTicks: number;
  /** The first four bytes of a header, with nothing of the length. */
  readonly #fixed: Uint8Array;

  /**
   * Takes an AudioSpecificConfig. Throws `ProtocolViolation` if it is none, or says what no ADTS header can: frames of 960
   * samples, channels laid out by a program_config_element, other sampling frequencies than those of the table.
   */
  constructor(audioSpecificConfig: Uint8Array) {
    const { coreObjectType, sampleRate, samplesPerFrame } =
      parseAudioSpecificConfig(audioSpecificConfig);
    const channelConfiguration = readChannelConfiguration(audioSpecificConfig);
    const sampleRateIndex = SAMPLE_RATES.indexOf(sampleRate);
    if (sampleRateIndex < 0) throw cannotWrite(`the sampling frequency is ${sampleRate}`);
    if (samplesPerFrame !== SAMPLES_PER_FRAME) {
      throw cannotWrite(`its frames have ${samplesPerFrame} samples`);
    }
    if (channelConfiguration === 0 || channelConfiguration > MAX_CHANNEL_CONFIGURATION) {
      throw cannotWrite(`channelConfiguration is ${channelConfiguration}`);
    }
    this.frameTicks = (SAMPLES_PER_FRAME * 90_000) / sampleRate;
    this.#fixed = Uint8Array.of(
      0xff,
      0xf1, // syncword, ID 0 for MPEG-4, layer 0, protection_absent
      // profile_ObjectType is the object type minus 1.
      ((coreObjectType - 1) << 6) | (sampleRateIndex << 2) | (channelConfiguration >> 2),
      (channelConfiguration & 0x03) << 6,
    );
  }

  /** With its header. Throws `ProtocolViolation` where a frame is longer than a header can say. */
  byteLength(frame: Uint8Array): number {
    const byteLength = HEADER_BYTES + frame.byteLength;
    if (byteLength > MAX_FRAME_BYTES) {
      throw cannotWrite(`a frame has ${frame.byteLength} bytes`);
    }
    return byteLength;
  }

  write(bytes: Uint8Array, at: number, frame: Uint8Array): void {
    const byteLength = HEADER_BYTES + frame.byteLength;
    bytes.set(this.#fixed, at);
    bytes[at + 3] = (this.#fixed[3] as number) | (byteLength >> 11);
    bytes[at + 4] = byteLength >> 3;
    bytes[at + 5] = ((byteLength & 0x07) << 5) | 0x1f; // adts_buffer_fullness 0x7ff: variable rate
    bytes[at + 6] = 0xfc;
    bytes.set(frame, at + HEADER_BYTES);
  }
}

/** The field itself: the number of channels does not tell 7 from 12 (ISO 14496-3 table 1.19), nor that it was 0. */
function readChannelConfiguration(audioSpecificConfig: Uint8Array): number {
  const bits = new BitReader(audioSpecificConfig);
  if (bits.bits(5) === 31) bits.skip(6); // audioObjectType and its escape
  if (bits.bits(4) === 15) bits.skip(24); // samplingFrequencyIndex and its escape
  return bits.bits(4);
}

function cannotWrite(reason: string): ProtocolViolation {
  return new ProtocolViolation(`cannot write AAC as ADTS: ${reason}`);
}
