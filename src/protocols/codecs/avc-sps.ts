import { BitReader } from '../../lib/bit-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** What Ivory reads from a sequence parameter set; ISO 14496-10 7.3.2.1.1 and E.1.1. */
export interface AvcSequenceParameterSet {
  readonly profileIdc: number;
  /** constraint_set0_flag (0x80) to constraint_set5_flag (0x04), as they lie in the byte. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  /** Luma samples after cropping: what a player shows. */
  readonly width: number;
  readonly height: number;
  /** False where pictures may be coded as fields. */
  readonly isProgressive: boolean;
  /** Frames per second, where the VUI has timing that a camera or a game could have. */
  readonly frameRate?: number;
}

const NAL_UNIT_TYPE_SPS = 7;

/** An SPS of every scaling list and 255 POC offsets, all in their longest code, stays below this. */
const MAX_SPS_BYTES = 4096;

/** profile_idc values whose SPS has the chroma and scaling part, 7.3.2.1.1. */
const PROFILES_WITH_CHROMA_FORMAT = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

/** Table A-1, level 6.2, the highest: MaxFS macroblocks a frame; A.3.1 bounds each side by sqrt(8 x MaxFS). */
const MAX_FRAME_SIZE_MBS = 139_264;
const MAX_SIDE_MBS = Math.floor(Math.sqrt(8 * MAX_FRAME_SIZE_MBS));

const MACROBLOCK_SIZE = 16;
const EXTENDED_SAR = 255;

/** x264 fed from a millisecond time base declares 1000 frames a second; no camera or game does. */
const MAX_BELIEVABLE_FRAME_RATE = 300;

/**
 * Reads the fields that Ivory uses from an SPS NAL unit (header byte included, emulation prevention still in).
 * Throws `ProtocolViolation` on anything that ISO 14496-10 7.4.2.1.1 does not allow.
 */
export function parseAvcSequenceParameterSet(nalUnit: Uint8Array): AvcSequenceParameterSet {
  if (nalUnit.byteLength > MAX_SPS_BYTES) {
    throw new ProtocolViolation(
      `cannot read an SPS of ${nalUnit.byteLength} bytes: at most ${MAX_SPS_BYTES} are believable`,
    );
  }
  const bits = new BitReader(removeEmulationPrevention(nalUnit));

  bits.skip(3); // forbidden_zero_bit, nal_ref_idc
  const nalUnitType = bits.bits(5);
  if (nalUnitType !== NAL_UNIT_TYPE_SPS) {
    throw new ProtocolViolation(`cannot read an SPS: nal_unit_type is ${nalUnitType}, not 7`);
  }
  const profileIdc = bits.bits(8);
  const constraintFlags = bits.bits(8);
  const levelIdc = bits.bits(8);
  bounded(bits.unsignedExpGolomb(), 31, 'seq_parameter_set_id');

  const chroma = PROFILES_WITH_CHROMA_FORMAT.has(profileIdc) ? readChroma(bits) : CHROMA_420_8_BIT;

  bounded(bits.unsignedExpGolomb(), 12, 'log2_max_frame_num_minus4');
  skipPictureOrderCount(bits);
  bounded(bits.unsignedExpGolomb(), 16, 'max_num_ref_frames');
  bits.skip(1); // gaps_in_frame_num_value_allowed_flag

  const picWidthInMbs = boundedSide(bits.unsignedExpGolomb() + 1, 'pic_width_in_mbs');
  const picHeightInMapUnits = bits.unsignedExpGolomb() + 1;
  const isProgressive = bits.flag(); // frame_mbs_only_flag
  const fieldsPerMapUnit = isProgressive ? 1 : 2;
  const frameHeightInMbs = boundedSide(
    picHeightInMapUnits * fieldsPerMapUnit,
    'frame height in macroblocks',
  );
  bounded(picWidthInMbs * frameHeightInMbs, MAX_FRAME_SIZE_MBS, 'frame size in macroblocks');
  if (!isProgressive) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag

  // Equations 7-19 to 7-22: the crop offsets count chroma samples, and two rows where there are fields.
  const { cropUnitX, cropUnitY } = cropUnits(chroma, fieldsPerMapUnit);
  const crop = readCrop(bits);
  const width = picWidthInMbs * MACROBLOCK_SIZE - (crop.left + crop.right) * cropUnitX;
  const height = frameHeightInMbs * MACROBLOCK_SIZE - (crop.top + crop.bottom) * cropUnitY;
  if (width <= 0 || height <= 0) {
    throw new ProtocolViolation(`cannot crop a picture to ${width}x${height}`);
  }

  const frameRate = bits.flag() ? readVuiFrameRate(bits) : undefined; // vui_parameters_present_flag
  return {
    profileIdc,
    constraintFlags,
    levelIdc,
    chromaFormatIdc: chroma.formatIdc,
    bitDepthLuma: chroma.bitDepthLuma,
    width,
    height,
    isProgressive,
    ...(frameRate === undefined ? {} : { frameRate }),
  };
}

/**
 * NAL unit to RBSP, ISO 14496-10 7.3.1: drops each emulation_prevention_three_byte. Returns the input itself
 * where there is none.
 */
export function removeEmulationPrevention(nalUnit: Uint8Array): Uint8Array {
  const length = nalUnit.byteLength;
  let rbsp: Uint8Array | undefined;
  let written = 0;
  let zeros = 0;
  for (let i = 0; i < length; i++) {
    const byte = nalUnit[i] as number;
    if (zeros >= 2 && byte === 3) {
      // No slice(): a Buffer's is a view, and what is written to it would overwrite the input.
      rbsp ??= new Uint8Array(nalUnit);
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    if (rbsp !== undefined) rbsp[written] = byte;
    written += 1;
  }
  return rbsp === undefined ? nalUnit : rbsp.subarray(0, written);
}

interface Chroma {
  readonly formatIdc: number;
  readonly isSeparatePlanes: boolean;
  readonly bitDepthLuma: number;
}

/** 7.4.2.1.1: what is inferred where the profile has no such fields. */
const CHROMA_420_8_BIT: Chroma = { formatIdc: 1, isSeparatePlanes: false, bitDepthLuma: 8 };

function readChroma(bits: BitReader): Chroma {
  const formatIdc = bounded(bits.unsignedExpGolomb(), 3, 'chroma_format_idc');
  const isSeparatePlanes = formatIdc === 3 && bits.flag(); // separate_colour_plane_flag
  const bitDepthLuma = 8 + bounded(bits.unsignedExpGolomb(), 6, 'bit_depth_luma_minus8');
  bounded(bits.unsignedExpGolomb(), 6, 'bit_depth_chroma_minus8');
  bits.skip(1); // qpprime_y_zero_transform_bypass_flag
  // seq_scaling_matrix_present_flag
  if (bits.flag()) {
    const listCount = formatIdc === 3 ? 12 : 8;
    for (let i = 0; i < listCount; i++) {
      if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
    }
  }
  return { formatIdc, isSeparatePlanes, bitDepthLuma };
}

/** 7.3.2.1.1.1: a list ends in the bitstream as soon as a scale of 0 says that the rest repeats. */
function skipScalingList(bits: BitReader, size: number): void {
  let lastScale = 8;
  for (let i = 0; i < size; i++) {
    const delta = bits.signedExpGolomb();
    if (delta < -128 || delta > 127) {
      throw new ProtocolViolation(`cannot read a scaling list: delta_scale is ${delta}`);
    }
    const nextScale = (lastScale + delta + 256) % 256;
    if (nextScale === 0) return;
    lastScale = nextScale;
  }
}

function skipPictureOrderCount(bits: BitReader): void {
  const type = bounded(bits.unsignedExpGolomb(), 2, 'pic_order_cnt_type');
  if (type === 0) {
    bounded(bits.unsignedExpGolomb(), 12, 'log2_max_pic_order_cnt_lsb_minus4');
  } else if (type === 1) {
    bits.skip(1); // delta_pic_order_always_zero_flag
    bits.signedExpGolomb(); // offset_for_non_ref_pic
    bits.signedExpGolomb(); // offset_for_top_to_bottom_field
    const count = bounded(bits.unsignedExpGolomb(), 255, 'num_ref_frames_in_pic_order_cnt_cycle');
    for (let i = 0; i < count; i++) bits.signedExpGolomb(); // offset_for_ref_frame
  }
}

function cropUnits(chroma: Chroma, fieldsPerMapUnit: number) {
  const hasSubsampledChroma = !chroma.isSeparatePlanes && chroma.formatIdc !== 0;
  const subWidth = hasSubsampledChroma && chroma.formatIdc !== 3 ? 2 : 1;
  const subHeight = hasSubsampledChroma && chroma.formatIdc === 1 ? 2 : 1;
  return { cropUnitX: subWidth, cropUnitY: subHeight * fieldsPerMapUnit };
}

function readCrop(bits: BitReader) {
  // frame_cropping_flag
  if (!bits.flag()) return { left: 0, right: 0, top: 0, bottom: 0 };
  return {
    left: bits.unsignedExpGolomb(),
    right: bits.unsignedExpGolomb(),
    top: bits.unsignedExpGolomb(),
    bottom: bits.unsignedExpGolomb(),
  };
}

/** E.1.1 up to the timing: nothing after it matters here. */
function readVuiFrameRate(bits: BitReader): number | undefined {
  // aspect_ratio_info_present_flag; sar_width and sar_height
  if (bits.flag() && bits.bits(8) === EXTENDED_SAR) bits.skip(32);
  // overscan_info_present_flag; overscan_appropriate_flag
  if (bits.flag()) bits.skip(1);
  // video_signal_type_present_flag
  if (bits.flag()) {
    bits.skip(4); // video_format, video_full_range_flag
    // colour_description_present_flag; colour_primaries, transfer_characteristics, matrix_coefficients
    if (bits.flag()) bits.skip(24);
  }
  // chroma_loc_info_present_flag
  if (bits.flag()) {
    bits.unsignedExpGolomb(); // chroma_sample_loc_type_top_field
    bits.unsignedExpGolomb(); // chroma_sample_loc_type_bottom_field
  }
  // timing_info_present_flag
  if (!bits.flag()) return undefined;
  const numUnitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  // E.2.1: a tick is a field's time, and a frame has two.
  const frameRate = timeScale / (2 * numUnitsInTick);
  return frameRate > 0 && frameRate <= MAX_BELIEVABLE_FRAME_RATE ? frameRate : undefined;
}

function bounded(value: number, maximum: number, field: string): number {
  if (value > maximum) {
    throw new ProtocolViolation(
      `cannot read an SPS: ${field} is ${value}, more than the ${maximum} that H.264 allows`,
    );
  }
  return value;
}

function boundedSide(macroblocks: number, field: string): number {
  return bounded(macroblocks, MAX_SIDE_MBS, field);
}
