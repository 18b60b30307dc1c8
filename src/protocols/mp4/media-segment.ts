import { assert } from '../../lib/assert.ts';
import { ByteWriter } from '../../lib/byte-writer.ts';
import type { Ticks } from '../../lib/timescale.ts';

/** One sample of a fragment; its bytes lie in `mdat`, not here. */
export interface FragmentSample {
  /** Up to 2^32 - 1. */
  readonly durationTicks: Ticks;
  readonly byteLength: number;
  /** Decoding can start here. True for every audio sample. */
  readonly isSync: boolean;
  /** Composition minus decoding time, signed 32 bits; 0 for audio. */
  readonly compositionOffsetTicks: Ticks;
}

/** The samples of one track in one fragment, in decoding order. */
export interface FragmentTrack {
  readonly trackId: number;
  /** Decoding time of the first sample, in the track's timescale. Not negative. */
  readonly baseMediaDecodeTimeTicks: Ticks;
  readonly samples: readonly FragmentSample[];
}

export interface Fragment {
  /** Starts at 1 and grows with every fragment, ISO 14496-12 8.8.5. */
  readonly sequenceNumber: number;
  readonly tracks: readonly FragmentTrack[];
}

const BOX_HEADER_BYTES = 8;
const FULL_BOX_HEADER_BYTES = 12;
const MFHD_BYTES = FULL_BOX_HEADER_BYTES + 4;
const TFDT_BYTES = FULL_BOX_HEADER_BYTES + 8;
const MAX_U32 = 0xffff_ffff;

/** ISO 14496-12 8.8.7.1, tf_flags. */
const TfhdFlag = {
  defaultSampleDurationPresent: 0x00_0008,
  defaultSampleSizePresent: 0x00_0010,
  defaultSampleFlagsPresent: 0x00_0020,
  defaultBaseIsMoof: 0x02_0000,
} as const;

/** ISO 14496-12 8.8.8.1, tr_flags. */
const TrunFlag = {
  dataOffsetPresent: 0x00_0001,
  firstSampleFlagsPresent: 0x00_0004,
  sampleDurationPresent: 0x00_0100,
  sampleSizePresent: 0x00_0200,
  sampleFlagsPresent: 0x00_0400,
  sampleCompositionTimeOffsetsPresent: 0x00_0800,
} as const;

/** 8.8.3.1: sample_depends_on 2, "does not depend on others (I picture)". */
const SYNC_SAMPLE_FLAGS = 0x0200_0000;
/** 8.8.3.1: sample_depends_on 1, "does depend on others", and sample_is_non_sync_sample. */
const NON_SYNC_SAMPLE_FLAGS = 0x0101_0000;

const BoxType = {
  moof: 0x6d6f_6f66,
  mfhd: 0x6d66_6864,
  traf: 0x7472_6166,
  tfhd: 0x7466_6864,
  tfdt: 0x7466_6474,
  trun: 0x7472_756e,
  mdat: 0x6d64_6174,
} as const;

/**
 * `moof` and the header of `mdat` for one part (ISO 14496-12 8.8.4 to 8.8.8, 8.1.1): everything of the part but its
 * payload. The payload has to follow as `mdat`'s body: the samples of the first track one after the other, then
 * those of the next, in the order given.
 *
 * A track without samples is left out. What all samples of a track share is written once, in `tfhd`; a first sample
 * that alone differs in being a sync sample goes into `first_sample_flags`. Runs several times a second for every
 * stream: the size is known before the one allocation, and nothing is allocated for a sample.
 */
export function encodePartHeader({ sequenceNumber, tracks }: Fragment): Uint8Array {
  const runs: TrackRun[] = [];
  let moofByteLength = BOX_HEADER_BYTES + MFHD_BYTES;
  let mediaByteLength = 0;
  for (const track of tracks) {
    if (track.samples.length === 0) continue;
    const run = planTrackRun(track);
    runs.push(run);
    moofByteLength += run.trafByteLength;
    mediaByteLength += run.mediaByteLength;
  }
  const mdatByteLength = BOX_HEADER_BYTES + mediaByteLength;
  assert(runs.length > 0, 'a part has at least one sample');
  assert(
    mdatByteLength <= MAX_U32,
    `a part of ${mediaByteLength} bytes does not fit a 32-bit mdat`,
  );

  const headerByteLength = moofByteLength + BOX_HEADER_BYTES;
  const writer = new ByteWriter(headerByteLength);
  writer.u32(moofByteLength).u32(BoxType.moof);
  writer.u32(MFHD_BYTES).u32(BoxType.mfhd).u32(0).u32(sequenceNumber);
  // 8.8.8.3: data_offset counts from the first byte of moof, as default-base-is-moof says.
  let dataOffset = headerByteLength;
  for (const run of runs) {
    writeTraf(writer, run, dataOffset);
    dataOffset += run.mediaByteLength;
  }
  writer.u32(mdatByteLength).u32(BoxType.mdat);
  return writer.finish();
}

/** Which fields of a track's run are written where, and what that comes to. */
interface TrackRun {
  readonly track: FragmentTrack;
  readonly tfhdFlags: number;
  readonly trunFlags: number;
  readonly defaultSampleFlags: number;
  readonly tfhdByteLength: number;
  readonly trunByteLength: number;
  readonly trafByteLength: number;
  readonly mediaByteLength: number;
}

function planTrackRun(track: FragmentTrack): TrackRun {
  const { samples } = track;
  const first = samples[0] as FragmentSample;
  // Of all samples but the first, which may have flags of its own.
  const second = samples[1] ?? first;
  let hasOneDuration = true;
  let hasOneSize = true;
  let hasOneSyncAfterFirst = true;
  let hasCompositionOffsets = false;
  let mediaByteLength = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as FragmentSample;
    if (sample.durationTicks !== first.durationTicks) hasOneDuration = false;
    if (sample.byteLength !== first.byteLength) hasOneSize = false;
    if (i > 0 && sample.isSync !== second.isSync) hasOneSyncAfterFirst = false;
    if (sample.compositionOffsetTicks !== 0) hasCompositionOffsets = true;
    mediaByteLength += sample.byteLength;
  }

  let tfhdFlags: number = TfhdFlag.defaultBaseIsMoof;
  let trunFlags: number = TrunFlag.dataOffsetPresent;
  let tfhdByteLength = FULL_BOX_HEADER_BYTES + 4;
  let trunByteLength = FULL_BOX_HEADER_BYTES + 8;
  let bytesPerSample = 0;
  if (hasOneDuration) {
    tfhdFlags |= TfhdFlag.defaultSampleDurationPresent;
    tfhdByteLength += 4;
  } else {
    trunFlags |= TrunFlag.sampleDurationPresent;
    bytesPerSample += 4;
  }
  if (hasOneSize) {
    tfhdFlags |= TfhdFlag.defaultSampleSizePresent;
    tfhdByteLength += 4;
  } else {
    trunFlags |= TrunFlag.sampleSizePresent;
    bytesPerSample += 4;
  }
  if (hasOneSyncAfterFirst) {
    tfhdFlags |= TfhdFlag.defaultSampleFlagsPresent;
    tfhdByteLength += 4;
    if (first.isSync !== second.isSync) {
      trunFlags |= TrunFlag.firstSampleFlagsPresent;
      trunByteLength += 4;
    }
  } else {
    trunFlags |= TrunFlag.sampleFlagsPresent;
    bytesPerSample += 4;
  }
  if (hasCompositionOffsets) {
    trunFlags |= TrunFlag.sampleCompositionTimeOffsetsPresent;
    bytesPerSample += 4;
  }
  trunByteLength += samples.length * bytesPerSample;
  return {
    track,
    tfhdFlags,
    trunFlags,
    defaultSampleFlags: sampleFlags(second),
    tfhdByteLength,
    trunByteLength,
    trafByteLength: BOX_HEADER_BYTES + tfhdByteLength + TFDT_BYTES + trunByteLength,
    mediaByteLength,
  };
}

function writeTraf(writer: ByteWriter, run: TrackRun, dataOffset: number): void {
  const { track, tfhdFlags, trunFlags } = run;
  const { samples } = track;
  const first = samples[0] as FragmentSample;
  writer.u32(run.trafByteLength).u32(BoxType.traf);

  writer.u32(run.tfhdByteLength).u32(BoxType.tfhd).u32(tfhdFlags); // version 0
  writer.u32(track.trackId);
  if (tfhdFlags & TfhdFlag.defaultSampleDurationPresent) writer.u32(first.durationTicks);
  if (tfhdFlags & TfhdFlag.defaultSampleSizePresent) writer.u32(first.byteLength);
  if (tfhdFlags & TfhdFlag.defaultSampleFlagsPresent) writer.u32(run.defaultSampleFlags);

  const baseMediaDecodeTime = track.baseMediaDecodeTimeTicks;
  assert(
    Number.isSafeInteger(baseMediaDecodeTime) && baseMediaDecodeTime >= 0,
    `baseMediaDecodeTime is ${baseMediaDecodeTime}`,
  );
  writer.u32(TFDT_BYTES).u32(BoxType.tfdt).u32(0x0100_0000); // version 1
  // Two halves rather than a u64, which would take a BigInt.
  writer.u32(Math.floor(baseMediaDecodeTime / 2 ** 32)).u32(baseMediaDecodeTime % 2 ** 32);

  writer.u32(run.trunByteLength).u32(BoxType.trun);
  writer.u32(0x0100_0000 | trunFlags); // version 1: sample_composition_time_offset is signed
  writer.u32(samples.length).i32(dataOffset);
  if (trunFlags & TrunFlag.firstSampleFlagsPresent) writer.u32(sampleFlags(first));
  const hasDuration = (trunFlags & TrunFlag.sampleDurationPresent) !== 0;
  const hasSize = (trunFlags & TrunFlag.sampleSizePresent) !== 0;
  const hasFlags = (trunFlags & TrunFlag.sampleFlagsPresent) !== 0;
  const hasOffset = (trunFlags & TrunFlag.sampleCompositionTimeOffsetsPresent) !== 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as FragmentSample;
    if (hasDuration) writer.u32(sample.durationTicks);
    if (hasSize) writer.u32(sample.byteLength);
    if (hasFlags) writer.u32(sampleFlags(sample));
    if (hasOffset) writer.i32(sample.compositionOffsetTicks);
  }
}

function sampleFlags(sample: FragmentSample): number {
  return sample.isSync ? SYNC_SAMPLE_FLAGS : NON_SYNC_SAMPLE_FLAGS;
}
