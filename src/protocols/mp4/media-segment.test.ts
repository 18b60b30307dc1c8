import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader } from '../../lib/byte-reader.ts';
import { encodePartHeader, type Fragment, type FragmentSample } from './media-segment.ts';

const sample = (fields: Partial<FragmentSample> = {}): FragmentSample => ({
  durationTicks: 3000,
  byteLength: 100,
  isSync: false,
  compositionOffsetTicks: 0,
  ...fields,
});

const videoPart = (samples: FragmentSample[]): Fragment => ({
  sequenceNumber: 7,
  tracks: [{ trackId: 1, baseMediaDecodeTimeTicks: 0, samples }],
});

const SYNC = 0x0200_0000;
const NON_SYNC = 0x0101_0000;

test('encodePartHeader() writes what all samples share once, in tfhd', () => {
  const header = readPartHeader(encodePartHeader(videoPart([sample(), sample(), sample()])));
  assert.deepEqual(header.tracks[0]!.tfhd, {
    flags: 0x02_0038,
    trackId: 1,
    duration: 3000,
    size: 100,
    sampleFlags: NON_SYNC,
  });
  assert.equal(header.tracks[0]!.trunFlags, 0x1);
  assert.equal(header.tracks[0]!.trunByteLength, 20);
});

test('encodePartHeader() writes a keyframe before other frames as first_sample_flags', () => {
  const fragment = videoPart([sample({ isSync: true }), sample(), sample()]);
  const header = readPartHeader(encodePartHeader(fragment));
  assert.equal(header.tracks[0]!.tfhd.sampleFlags, NON_SYNC);
  assert.equal(header.tracks[0]!.trunFlags, 0x5);
  assert.deepEqual(
    header.tracks[0]!.samples.map(({ flags }) => flags),
    [SYNC, NON_SYNC, NON_SYNC],
  );
});

test('encodePartHeader() writes flags of every sample when a keyframe is in the middle', () => {
  const fragment = videoPart([sample(), sample({ isSync: true }), sample()]);
  const header = readPartHeader(encodePartHeader(fragment));
  assert.equal(header.tracks[0]!.trunFlags, 0x401);
  assert.deepEqual(
    header.tracks[0]!.samples.map(({ flags }) => flags),
    [NON_SYNC, SYNC, NON_SYNC],
  );
});

test('encodePartHeader() points each track at its payload and mdat at all of it', () => {
  const bytes = encodePartHeader({
    sequenceNumber: 1,
    tracks: [
      {
        trackId: 1,
        baseMediaDecodeTimeTicks: 0,
        samples: [sample(), sample({ byteLength: 50 })],
      },
      { trackId: 2, baseMediaDecodeTimeTicks: 0, samples: [sample({ byteLength: 11 })] },
    ],
  });
  const header = readPartHeader(bytes);
  assert.deepEqual(
    header.tracks.map(({ dataOffset }) => dataOffset),
    [bytes.byteLength, bytes.byteLength + 150],
  );
  assert.equal(header.mdatByteLength, 8 + 161);
});

test('encodePartHeader() leaves out a track without samples', () => {
  const { tracks } = videoPart([sample()]);
  const empty = { trackId: 2, baseMediaDecodeTimeTicks: 0, samples: [] };
  const header = readPartHeader(
    encodePartHeader({ sequenceNumber: 1, tracks: [...tracks, empty] }),
  );
  assert.deepEqual(
    header.tracks.map(({ tfhd }) => tfhd.trackId),
    [1],
  );
});

test('encodePartHeader() refuses a part without samples, and one above 4 GiB', () => {
  assert.throws(() => encodePartHeader({ sequenceNumber: 1, tracks: [] }), /at least one sample/);
  const huge = sample({ byteLength: 0xffff_ffff });
  assert.throws(() => encodePartHeader(videoPart([huge])), /does not fit/);
});

test('encodePartHeader() refuses a decoding time that is negative or not an integer', () => {
  for (const baseMediaDecodeTimeTicks of [-1, 0.5, Number.NaN, 2 ** 53]) {
    const tracks = [{ trackId: 1, baseMediaDecodeTimeTicks, samples: [sample()] }];
    assert.throws(() => encodePartHeader({ sequenceNumber: 1, tracks }), /baseMediaDecodeTime/);
  }
});

test('encodePartHeader() says the same as the records, whatever they are', () => {
  const few = <T>(...values: T[]) => fc.constantFrom(...values);
  const anySample = fc.record({
    durationTicks: fc.oneof(few(1500, 3000), fc.nat(0xffff_ffff)),
    byteLength: fc.oneof(few(371, 372), fc.nat(100_000)),
    isSync: fc.boolean(),
    compositionOffsetTicks: fc.oneof(few(0), fc.integer()),
  });
  const anyTrack = fc.record({
    trackId: fc.integer({ min: 1, max: 0xffff_ffff }),
    baseMediaDecodeTimeTicks: fc.maxSafeNat(),
    samples: fc.array(anySample, { minLength: 1, maxLength: 12 }),
  });
  const anyFragment = fc.record({
    sequenceNumber: fc.integer({ min: 1, max: 0xffff_ffff }),
    tracks: fc.array(anyTrack, { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(anyFragment, (fragment) => {
      const bytes = encodePartHeader(fragment);
      const header = readPartHeader(bytes);
      assert.equal(header.sequenceNumber, fragment.sequenceNumber);
      let dataOffset = bytes.byteLength;
      for (const [i, track] of fragment.tracks.entries()) {
        const read = header.tracks[i]!;
        assert.equal(read.tfhd.trackId, track.trackId);
        assert.equal(read.baseMediaDecodeTime, track.baseMediaDecodeTimeTicks);
        assert.equal(read.dataOffset, dataOffset);
        assert.deepEqual(
          read.samples,
          track.samples.map((each) => ({
            duration: each.durationTicks,
            size: each.byteLength,
            flags: each.isSync ? SYNC : NON_SYNC,
            compositionOffset: each.compositionOffsetTicks,
          })),
        );
        for (const each of track.samples) dataOffset += each.byteLength;
      }
      assert.equal(header.mdatByteLength, 8 + dataOffset - bytes.byteLength);
    }),
  );
});

/** Reads moof and the mdat header as ISO 14496-12 has them, with every box where it has to end. */
function readPartHeader(bytes: Uint8Array) {
  const file = new ByteReader(bytes);
  const moof = readBox(file, 'moof');
  const mfhd = readBox(moof, 'mfhd');
  mfhd.skip(4);
  const sequenceNumber = mfhd.u32();
  const tracks = [];
  while (moof.remaining > 0) tracks.push(readTraf(readBox(moof, 'traf')));
  const mdatByteLength = file.u32();
  assert.equal(file.utf8(4), 'mdat');
  assert.equal(file.remaining, 0);
  return { sequenceNumber, tracks, mdatByteLength };
}

function readTraf(traf: ByteReader) {
  const tfhdBox = readBox(traf, 'tfhd');
  const tfhdFlags = tfhdBox.u32();
  const tfhd = {
    flags: tfhdFlags,
    trackId: tfhdBox.u32(),
    duration: tfhdFlags & 0x8 ? tfhdBox.u32() : Number.NaN,
    size: tfhdFlags & 0x10 ? tfhdBox.u32() : Number.NaN,
    sampleFlags: tfhdFlags & 0x20 ? tfhdBox.u32() : Number.NaN,
  };
  assert.equal(tfhdBox.remaining, 0);

  const tfdt = readBox(traf, 'tfdt');
  assert.equal(tfdt.u32(), 0x0100_0000);
  const baseMediaDecodeTime = tfdt.u64();
  assert.equal(tfdt.remaining, 0);

  const trun = readBox(traf, 'trun');
  const trunByteLength = trun.remaining + 8;
  assert.equal(trun.u8(), 1);
  const trunFlags = trun.u24();
  const sampleCount = trun.u32();
  const dataOffset = trun.i32();
  const firstFlags = trunFlags & 0x4 ? trun.u32() : undefined;
  const samples = Array.from({ length: sampleCount }, (_, i) => ({
    duration: trunFlags & 0x100 ? trun.u32() : tfhd.duration,
    size: trunFlags & 0x200 ? trun.u32() : tfhd.size,
    flags:
      trunFlags & 0x400
        ? trun.u32()
        : i === 0
          ? (firstFlags ?? tfhd.sampleFlags)
          : tfhd.sampleFlags,
    compositionOffset: trunFlags & 0x800 ? trun.i32() : 0,
  }));
  assert.equal(trun.remaining, 0);
  assert.equal(traf.remaining, 0);
  return { tfhd, baseMediaDecodeTime, trunFlags, trunByteLength, dataOffset, samples };
}

function readBox(reader: ByteReader, type: string): ByteReader {
  const size = reader.u32();
  assert.equal(reader.utf8(4), type);
  return new ByteReader(reader.bytes(size - 8));
}
