import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BitWriter } from '../../../test/support/bit-writer.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { parseAvcSequenceParameterSet, removeEmulationPrevention } from './avc-sps.ts';

interface SpsFields {
  profileIdc?: number;
  chromaFormatIdc?: number;
  separatePlanes?: boolean;
  scalingLists?: number[][];
  picOrderCntType?: number;
  refFrameOffsets?: number[];
  maxNumRefFrames?: number;
  widthMbs?: number;
  heightMapUnits?: number;
  frameMbsOnly?: boolean;
  crop?: [left: number, right: number, top: number, bottom: number];
  timing?: [numUnitsInTick: number, timeScale: number];
}

/** An SPS NAL unit with the given fields, and a VUI that has something in every part before its timing. */
function spsNalUnit(fields: SpsFields): Uint8Array {
  const { profileIdc = 100, chromaFormatIdc = 1, frameMbsOnly = true } = fields;
  const writer = new BitWriter();
  writer.bits(0x67, 8).bits(profileIdc, 8).bits(0, 8).bits(31, 8).unsignedExpGolomb(0);
  if (profileIdc >= 100) {
    writer.unsignedExpGolomb(chromaFormatIdc);
    if (chromaFormatIdc === 3) writer.flag(fields.separatePlanes ?? false);
    writer.unsignedExpGolomb(0).unsignedExpGolomb(0).flag(false);
    writer.flag(fields.scalingLists !== undefined);
    for (const list of fields.scalingLists ?? []) {
      writer.flag(list.length > 0);
      for (const delta of list) writer.signedExpGolomb(delta);
    }
  }
  writer.unsignedExpGolomb(0).unsignedExpGolomb(fields.picOrderCntType ?? 2);
  if (fields.picOrderCntType === 0) writer.unsignedExpGolomb(2);
  if (fields.picOrderCntType === 1) {
    const offsets = fields.refFrameOffsets ?? [];
    writer.flag(false).signedExpGolomb(-3).signedExpGolomb(4).unsignedExpGolomb(offsets.length);
    for (const offset of offsets) writer.signedExpGolomb(offset);
  }
  writer.unsignedExpGolomb(fields.maxNumRefFrames ?? 4).flag(false);
  writer.unsignedExpGolomb((fields.widthMbs ?? 80) - 1);
  writer.unsignedExpGolomb((fields.heightMapUnits ?? 45) - 1);
  writer.flag(frameMbsOnly);
  if (!frameMbsOnly) writer.flag(false);
  writer.flag(true);
  writer.flag(fields.crop !== undefined);
  for (const offset of fields.crop ?? []) writer.unsignedExpGolomb(offset);
  writer.flag(fields.timing !== undefined);
  if (fields.timing !== undefined) {
    writer.flag(true).bits(255, 8).bits(4, 16).bits(3, 16); // aspect ratio, extended
    writer.flag(true).flag(false); // overscan
    writer.flag(true).bits(5, 3).flag(false).flag(true).bits(0x010101, 24); // video signal
    writer.flag(true).unsignedExpGolomb(1).unsignedExpGolomb(1); // chroma location
    writer.flag(true).bits(fields.timing[0], 32).bits(fields.timing[1], 32).flag(true);
  }
  return addEmulationPrevention(writer.flag(true).finish());
}

function addEmulationPrevention(rbsp: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros >= 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(bytes);
}

const sizes: { name: string; fields: SpsFields; width: number; height: number }[] = [
  { name: 'no crop', fields: {}, width: 1280, height: 720 },
  {
    name: '4:2:0 crops in units of 2',
    fields: { widthMbs: 120, heightMapUnits: 68, crop: [0, 0, 0, 4] },
    width: 1920,
    height: 1080,
  },
  {
    name: 'fields crop in units of 4 rows',
    fields: { widthMbs: 120, heightMapUnits: 34, frameMbsOnly: false, crop: [0, 0, 0, 2] },
    width: 1920,
    height: 1080,
  },
  {
    name: '4:2:2 crops columns in units of 2, rows of 1',
    fields: { profileIdc: 122, chromaFormatIdc: 2, crop: [1, 1, 3, 2] },
    width: 1276,
    height: 715,
  },
  {
    name: '4:4:4 crops in units of 1',
    fields: { profileIdc: 244, chromaFormatIdc: 3, crop: [1, 2, 3, 4] },
    width: 1277,
    height: 713,
  },
  {
    name: 'separate planes crop in units of 1',
    fields: { profileIdc: 244, chromaFormatIdc: 3, separatePlanes: true, crop: [1, 2, 3, 4] },
    width: 1277,
    height: 713,
  },
  {
    name: 'monochrome crops in units of 1',
    fields: { profileIdc: 100, chromaFormatIdc: 0, crop: [1, 2, 3, 4] },
    width: 1277,
    height: 713,
  },
  {
    name: 'Baseline has no chroma part',
    fields: { profileIdc: 66, picOrderCntType: 0 },
    width: 1280,
    height: 720,
  },
  {
    name: 'picture order count type 1 has offsets to pass over',
    fields: { picOrderCntType: 1, refFrameOffsets: [1, -2, 300] },
    width: 1280,
    height: 720,
  },
  {
    name: 'scaling lists: absent, ended early, whole, and of 64',
    fields: {
      scalingLists: [[], [-8], Array(16).fill(1), [], [], [], Array(64).fill(0), [3, 4, -15]],
    },
    width: 1280,
    height: 720,
  },
  {
    name: '4:4:4 has twelve scaling lists',
    fields: {
      profileIdc: 244,
      chromaFormatIdc: 3,
      scalingLists: Array.from({ length: 12 }, (_, i) => Array(i < 6 ? 16 : 64).fill(1)),
    },
    width: 1280,
    height: 720,
  },
];

for (const { name, fields, width, height } of sizes) {
  test(`parseAvcSequenceParameterSet() reads the size: ${name}`, () => {
    const sps = parseAvcSequenceParameterSet(spsNalUnit(fields));
    assert.deepEqual({ width: sps.width, height: sps.height }, { width, height });
  });
}

const rates: { timing: [number, number]; frameRate: number | undefined }[] = [
  { timing: [1, 60], frameRate: 30 },
  { timing: [1001, 60_000], frameRate: 30_000 / 1001 },
  { timing: [1, 240], frameRate: 120 },
  { timing: [1, 2000], frameRate: undefined },
  { timing: [0, 60], frameRate: undefined },
  { timing: [1, 0], frameRate: undefined },
];

for (const { timing, frameRate } of rates) {
  test(`parseAvcSequenceParameterSet() makes ${frameRate} frames a second of timing ${timing}`, () => {
    assert.equal(parseAvcSequenceParameterSet(spsNalUnit({ timing })).frameRate, frameRate);
  });
}

test('parseAvcSequenceParameterSet() reads VUI timing behind emulation prevention', () => {
  const nalUnit = spsNalUnit({ timing: [1, 60] });
  assert.notDeepEqual(removeEmulationPrevention(nalUnit), nalUnit);
  assert.equal(parseAvcSequenceParameterSet(nalUnit).frameRate, 30);
});

const refused: { name: string; fields: SpsFields }[] = [
  { name: 'more reference frames than 16', fields: { maxNumRefFrames: 17 } },
  { name: 'a side above every level', fields: { widthMbs: 1056, heightMapUnits: 1 } },
  { name: 'an area above every level', fields: { widthMbs: 1000, heightMapUnits: 1000 } },
  { name: 'a crop of the whole picture', fields: { crop: [320, 320, 0, 0] } },
  { name: 'a crop of 2^31', fields: { crop: [2 ** 31, 0, 0, 0] } },
  { name: 'a chroma format above 3', fields: { chromaFormatIdc: 4 } },
  { name: 'a scaling delta above 127', fields: { scalingLists: [[128]] } },
  { name: 'a picture order count type above 2', fields: { picOrderCntType: 3 } },
  {
    name: 'more than 255 picture order count offsets',
    fields: { picOrderCntType: 1, refFrameOffsets: Array(256).fill(0) },
  },
];

for (const { name, fields } of refused) {
  test(`parseAvcSequenceParameterSet() refuses ${name}`, () => {
    assert.throws(() => parseAvcSequenceParameterSet(spsNalUnit(fields)), ProtocolViolation);
  });
}

test('parseAvcSequenceParameterSet() refuses another NAL unit type and every cut of a good one', () => {
  const nalUnit = spsNalUnit({ timing: [1, 60] });
  const pps = nalUnit.slice();
  pps[0] = 0x68;
  assert.throws(() => parseAvcSequenceParameterSet(pps), ProtocolViolation);
  // The last byte may hold nothing but what follows the timing.
  for (let length = 0; length < nalUnit.byteLength - 1; length++) {
    assert.throws(
      () => parseAvcSequenceParameterSet(nalUnit.subarray(0, length)),
      ProtocolViolation,
    );
  }
});

test('parseAvcSequenceParameterSet() refuses more bytes than any SPS has', () => {
  assert.throws(() => parseAvcSequenceParameterSet(new Uint8Array(5000)), ProtocolViolation);
});

test('removeEmulationPrevention() undoes addEmulationPrevention() on any bytes', () => {
  const byte = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), (bytes) => {
      const rbsp = Uint8Array.from(bytes);
      assert.deepEqual(removeEmulationPrevention(addEmulationPrevention(rbsp)), rbsp);
    }),
  );
});

test('parseAvcSequenceParameterSet() leaves its input as it is, in a Buffer too', () => {
  const nalUnit = spsNalUnit({ timing: [1, 60] });
  const buffer = Buffer.from(nalUnit);
  assert.notEqual(removeEmulationPrevention(buffer).byteLength, buffer.byteLength);
  assert.equal(parseAvcSequenceParameterSet(buffer).frameRate, 30);
  assert.deepEqual(Uint8Array.from(buffer), nalUnit);
});

test('parseAvcSequenceParameterSet() reads any bytes or throws ProtocolViolation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(66, 77, 100, 110, 122, 244),
      (bytes, profileIdc) => {
        const nalUnit = Uint8Array.of(0x67, profileIdc, ...bytes);
        try {
          const sps = parseAvcSequenceParameterSet(nalUnit);
          assert.ok(sps.width > 0 && sps.width <= 1055 * 16);
          assert.ok(sps.height > 0 && sps.height <= 1055 * 16);
        } catch (error) {
          if (!(error instanceof ProtocolViolation)) throw error;
        }
      },
    ),
    { numRuns: 2000 },
  );
});
