import { ByteReader } from '../../lib/byte-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { parseAvcSequenceParameterSet } from './avc-sps.ts';

/** Bytes of the length before each NAL unit; ISO 14496-15 5.3.3.1.2 allows no 3. */
export type NalUnitLengthSize = 1 | 2 | 4;

/** What an AVCDecoderConfigurationRecord says, ISO 14496-15 5.3.3.1.2, with what its first SPS says. */
export interface AvcDecoderConfiguration {
  readonly nalUnitLengthSize: NalUnitLengthSize;
  /** NAL units with their header byte, as views of the input. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  readonly profileIdc: number;
  /** As IVS names it: `Baseline`, `Main`, `High`. */
  readonly profile: string;
  /** As IVS names it: `4.2`, `1b`. */
  readonly level: string;
  /** RFC 6381 3.3: `avc1.` and the three bytes after the SPS's NAL unit header, e.g. `avc1.64001F`. */
  readonly codecString: string;
  readonly width: number;
  readonly height: number;
  readonly bitDepthLuma: number;
  readonly chromaFormatIdc: number;
  readonly isProgressive: boolean;
  /** Frames per second from the VUI, where it is there and believable. */
  readonly frameRate?: number;
}

/** nal_unit_type of ISO 14496-10 table 7-1, those that Ivory tells apart. */
export const AvcNalUnitType = {
  codedSlice: 1,
  codedSliceIdr: 5,
  supplementalEnhancementInformation: 6,
  sequenceParameterSet: 7,
  pictureParameterSet: 8,
  accessUnitDelimiter: 9,
} as const;

/**
 * Profile names of ISO 14496-10 annex A. Constrained Baseline (66 with constraint_set1_flag) is listed as
 * `Baseline`, because IVS reports `avc1.42C02A` so.
 */
const PROFILE_NAMES: ReadonlyMap<number, string> = new Map([
  [44, 'CAVLC 4:4:4'],
  [66, 'Baseline'],
  [77, 'Main'],
  [83, 'Scalable Baseline'],
  [86, 'Scalable High'],
  [88, 'Extended'],
  [100, 'High'],
  [110, 'High 10'],
  [118, 'Multiview High'],
  [122, 'High 4:2:2'],
  [128, 'Stereo High'],
  [244, 'High 4:4:4 Predictive'],
]);

/**
 * Reads an `avcC` payload (the body of an AVC sequence header in FLV). Throws `ProtocolViolation` if it is not one,
 * or has no SPS. Bytes after the parameter sets (the High profiles' extension) are not read: the SPS says the same.
 */
export function parseAvcDecoderConfiguration(bytes: Uint8Array): AvcDecoderConfiguration {
  const reader = new ByteReader(bytes);
  const configurationVersion = reader.u8();
  if (configurationVersion !== 1) {
    throw new ProtocolViolation(
      `cannot read an avcC: configurationVersion is ${configurationVersion}, not 1`,
    );
  }
  reader.skip(3); // AVCProfileIndication, profile_compatibility, AVCLevelIndication: the SPS is the truth
  const nalUnitLengthSize = (reader.u8() & 0x03) + 1; // lengthSizeMinusOne
  if (nalUnitLengthSize === 3) {
    throw new ProtocolViolation('cannot read an avcC: NAL unit lengths of 3 bytes do not exist');
  }
  const sps = readParameterSets(reader, reader.u8() & 0x1f);
  const pps = readParameterSets(reader, reader.u8());

  const [firstSps] = sps;
  if (firstSps === undefined) {
    throw new ProtocolViolation('cannot read an avcC: it has no sequence parameter set');
  }
  const parsed = parseAvcSequenceParameterSet(firstSps);
  return {
    nalUnitLengthSize: nalUnitLengthSize as NalUnitLengthSize,
    sps,
    pps,
    profileIdc: parsed.profileIdc,
    profile: PROFILE_NAMES.get(parsed.profileIdc) ?? `profile_idc ${parsed.profileIdc}`,
    level: levelName(parsed.profileIdc, parsed.constraintFlags, parsed.levelIdc),
    codecString: avcCodecString(firstSps),
    width: parsed.width,
    height: parsed.height,
    bitDepthLuma: parsed.bitDepthLuma,
    chromaFormatIdc: parsed.chromaFormatIdc,
    isProgressive: parsed.isProgressive,
    ...(parsed.frameRate === undefined ? {} : { frameRate: parsed.frameRate }),
  };
}

/**
 * The NAL units of one access unit, as views, without their lengths; empty ones are passed over. Throws
 * `ProtocolViolation` at the first length that reaches past the payload.
 */
export function* nalUnits(
  payload: Uint8Array,
  nalUnitLengthSize: NalUnitLengthSize,
): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < payload.byteLength; ) {
    const start = at + nalUnitLengthSize;
    const end = nalUnitEnd(payload, at, nalUnitLengthSize);
    if (end > start) yield payload.subarray(start, end);
    at = end;
  }
}

/**
 * Whether one of the access unit's NAL units is a slice of an IDR picture: a point where decoding can start.
 * Reads the lengths only, up to the first slice. Throws `ProtocolViolation` like `nalUnits`.
 */
export function containsIdr(payload: Uint8Array, nalUnitLengthSize: NalUnitLengthSize): boolean {
  // ISO 14496-10 7.4.1: where one slice of a picture has nal_unit_type 5, none has 1 to 4.
  return firstSlice(payload, nalUnitLengthSize)?.type === AvcNalUnitType.codedSliceIdr;
}

/**
 * The access unit's first slice that is not a partition of one: its nal_unit_type, and where its length is. Throws
 * `ProtocolViolation` like `nalUnits`.
 */
export function firstSlice(
  payload: Uint8Array,
  nalUnitLengthSize: NalUnitLengthSize,
): { readonly type: number; readonly at: number } | undefined {
  for (let at = 0; at < payload.byteLength; ) {
    const start = at + nalUnitLengthSize;
    const end = nalUnitEnd(payload, at, nalUnitLengthSize);
    if (end > start) {
      const type = nalUnitType(payload, start);
      const isSlice = type === AvcNalUnitType.codedSlice || type === AvcNalUnitType.codedSliceIdr;
      if (isSlice) return { type, at };
    }
    at = end;
  }
  return undefined;
}

/** nal_unit_type of the NAL unit that begins at `start`, which must lie in the payload; ISO 14496-10 7.3.1. */
export function nalUnitType(payload: Uint8Array, start: number): number {
  return (payload[start] as number) & 0x1f;
}

/**
 * Where the NAL unit ends whose length is at `at`: where the next one's length is. Itself it begins `lengthSize` bytes
 * behind `at`, and is empty where it ends there. For walks that `nalUnits` would cost a view of each; throws like it.
 */
export function nalUnitEnd(payload: Uint8Array, at: number, lengthSize: NalUnitLengthSize): number {
  const end = statedEnd(payload, at, lengthSize);
  if (end > payload.byteLength) {
    throw new ProtocolViolation(
      `cannot read a NAL unit at [${at}, ${end}): the access unit has ${payload.byteLength} bytes`,
    );
  }
  return end;
}

/** The same for who takes what can be read: `undefined` where no whole NAL unit is left. */
export function wholeNalUnitEnd(
  payload: Uint8Array,
  at: number,
  lengthSize: NalUnitLengthSize,
): number | undefined {
  const end = statedEnd(payload, at, lengthSize);
  return at < payload.byteLength && end <= payload.byteLength ? end : undefined;
}

function statedEnd(payload: Uint8Array, at: number, lengthSize: NalUnitLengthSize): number {
  const start = at + lengthSize;
  let length = 0;
  if (start <= payload.byteLength) {
    for (let i = at; i < start; i++) length = length * 256 + (payload[i] as number);
  }
  return start + length;
}

function readParameterSets(reader: ByteReader, count: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let i = 0; i < count; i++) sets.push(reader.bytes(reader.u16()));
  return sets;
}

function avcCodecString(sps: Uint8Array): string {
  const hex = Buffer.from(sps.buffer, sps.byteOffset + 1, 3).toString('hex');
  return `avc1.${hex.toUpperCase()}`;
}

/**
 * Level numbers as in ISO 14496-10 table A-1 (`3`, `3.1`): level_idc is ten times the level, but 1b has two signs
 * of its own (A.3.1, A.3.2).
 */
function levelName(profileIdc: number, constraintFlags: number, levelIdc: number): string {
  const hasConstraintSet3 = (constraintFlags & 0x10) !== 0;
  const isBeforeHigh = profileIdc === 66 || profileIdc === 77 || profileIdc === 88;
  if (levelIdc === 9 || (levelIdc === 11 && hasConstraintSet3 && isBeforeHigh)) return '1b';
  return String(levelIdc / 10);
}
