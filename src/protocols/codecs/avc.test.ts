import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { ffmpeg, ffprobe } from '../../../test/support/ffmpeg.ts';
import { readFlvMedia } from '../../../test/support/flv-file.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  containsIdr,
  nalUnitEnd,
  nalUnits,
  nalUnitType,
  parseAvcDecoderConfiguration,
} from './avc.ts';

const encodings: { name: string; args: string[]; frameRate?: number }[] = [
  { name: 'baseline, odd width', args: ['-vf', 'scale=322:182', '-profile:v', 'baseline'] },
  {
    name: 'main, level 4.2, 60 fps',
    args: ['-r', '60', '-profile:v', 'main', '-level', '4.2'],
    frameRate: 60,
  },
  { name: 'high, level 3', args: ['-profile:v', 'high', '-level', '3'] },
  { name: 'high, level 1b', args: ['-vf', 'scale=176:144', '-profile:v', 'high', '-level', '1b'] },
  {
    name: 'baseline, level 1b',
    args: ['-vf', 'scale=176:144', '-profile:v', 'baseline', '-level', '1b'],
  },
  { name: 'high, 1080 rows', args: ['-vf', 'scale=1920:1080', '-profile:v', 'high'] },
  { name: 'portrait', args: ['-vf', 'scale=202:360', '-profile:v', 'high'] },
  {
    name: 'interlaced',
    args: ['-vf', 'scale=720:576', '-flags', '+ildct+ilme', '-profile:v', 'main'],
  },
  { name: 'high 10', args: ['-pix_fmt', 'yuv420p10le', '-profile:v', 'high10'] },
  { name: 'high 4:2:2', args: ['-pix_fmt', 'yuv422p', '-profile:v', 'high422'] },
  { name: 'high 4:4:4, odd size', args: ['-vf', 'scale=321:181', '-pix_fmt', 'yuv444p'] },
  { name: 'scaling matrices', args: ['-profile:v', 'high', '-x264-params', 'cqm=jvt'] },
  {
    name: '29.97 fps, anamorphic',
    args: ['-r', '30000/1001', '-vf', 'setsar=4/3'],
    frameRate: 30_000 / 1001,
  },
  { name: 'several reference frames and B-frames', args: ['-bf', '3', '-refs', '5'] },
];

/** Constrained Baseline, level 4.2. */
const SPS = Buffer.from('6742c02ada01e0089f961000000300100000030780f1832a', 'hex');
const PPS = Buffer.from('68ce3c80', 'hex');

let folder: string;
const path = (index: number) => join(folder, `${index}.flv`);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ivory-avc-'));
  const outputs = encodings.flatMap(({ args }, i) => [
    ...['-map', '0:v', '-frames:v', '3', '-c:v', 'libx264', '-preset', 'veryfast'],
    ...['-pix_fmt', 'yuv420p', ...args, path(i)],
  ]);
  await ffmpeg(['-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=30:duration=0.5', ...outputs]);
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [i, encoding] of encodings.entries()) {
  test(`parseAvcDecoderConfiguration() agrees with ffprobe: ${encoding.name}`, async () => {
    const media = readFlvMedia(await readFile(path(i)));
    const {
      streams: [probed],
    } = await ffprobe(path(i), ['-show_streams']);
    const parsed = parseAvcDecoderConfiguration(media.avcDecoderConfiguration!);
    assert.deepEqual(
      {
        profile: parsed.profile,
        level: parsed.level === '1b' ? '9 or 11' : Math.round(Number(parsed.level) * 10),
        width: parsed.width,
        height: parsed.height,
        isProgressive: parsed.isProgressive,
        bitDepthLuma: String(parsed.bitDepthLuma),
      },
      {
        profile: probed!.profile.replace('Constrained Baseline', 'Baseline'),
        level: encoding.name.includes('1b') ? '9 or 11' : probed!.level,
        width: probed!.width,
        height: probed!.height,
        isProgressive: encoding.name !== 'interlaced',
        bitDepthLuma: probed!.bits_per_raw_sample,
      },
    );
    assert.equal(parsed.frameRate, encoding.frameRate ?? 30);
    assert.equal(parsed.nalUnitLengthSize, 4);
    assert.equal(parsed.pps.length, 1);
    assert.match(parsed.codecString, /^avc1\.[0-9A-F]{6}$/);

    assert.equal(containsIdr(media.video[0]!.payload, 4), true);
    assert.equal(containsIdr(media.video[1]!.payload, 4), false);
  });
}

test('parseAvcDecoderConfiguration() names what IVS names: avc1.42C02A is Baseline 4.2', () => {
  const parsed = parseAvcDecoderConfiguration(avcC([SPS], [PPS]));
  assert.deepEqual(
    [parsed.codecString, parsed.profile, parsed.level],
    ['avc1.42C02A', 'Baseline', '4.2'],
  );
});

test('parseAvcDecoderConfiguration() refuses a wrong version, 3-byte lengths, no SPS, and every cut', () => {
  const good = avcC([SPS], [PPS]);
  const wrongVersion = good.slice();
  wrongVersion[0] = 0;
  const threeByteLengths = good.slice();
  threeByteLengths[4] = 0xfe;
  assert.throws(() => parseAvcDecoderConfiguration(wrongVersion), ProtocolViolation);
  assert.throws(() => parseAvcDecoderConfiguration(threeByteLengths), ProtocolViolation);
  assert.throws(() => parseAvcDecoderConfiguration(avcC([], [])), ProtocolViolation);
  for (let length = 0; length < good.byteLength; length++) {
    assert.throws(() => parseAvcDecoderConfiguration(good.subarray(0, length)), ProtocolViolation);
  }
});

test('parseAvcDecoderConfiguration() reads any bytes or throws ProtocolViolation', () => {
  const good = avcC([SPS], [PPS]);
  const damaged = fc
    .array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) =>
      decodesOrViolates(() => parseAvcDecoderConfiguration(bytes)),
    ),
    { numRuns: 2000 },
  );
});

test('nalUnits() yields each unit without its length and passes over empty ones', () => {
  const payload = Uint8Array.of(0, 0, 0, 2, 0x09, 0xf0, 0, 0, 0, 0, 0, 0, 0, 1, 0x65);
  assert.deepEqual([...nalUnits(payload, 4)], [Uint8Array.of(0x09, 0xf0), Uint8Array.of(0x65)]);
});

test('nalUnitEnd() and nalUnitType() walk the NAL units that nalUnits() yields', () => {
  const unit = fc.uint8Array({ maxLength: 300 });
  const sizes = fc.constantFrom(2 as const, 4 as const);
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 5 }), sizes, (units, size) => {
      const payload = Buffer.concat(
        units.flatMap((each) => {
          const length = Buffer.alloc(size);
          length.writeUIntBE(each.byteLength, 0, size);
          return [length, each];
        }),
      );
      const walked: [type: number, byteLength: number][] = [];
      for (let at = 0; at < payload.byteLength; ) {
        const start = at + size;
        at = nalUnitEnd(payload, at, size);
        if (at > start) walked.push([nalUnitType(payload, start), at - start]);
      }
      const found = [...nalUnits(payload, size)].map((each) => [each[0]! & 0x1f, each.byteLength]);
      assert.deepEqual(walked, found);
    }),
  );
});

test('containsIdr() looks behind parameter sets and delimiters, and stops at the first slice', () => {
  const units = (...types: number[]) => Uint8Array.from(types.flatMap((type) => [0, 1, type]));
  assert.equal(containsIdr(units(9, 7, 8, 6, 0x65), 2), true);
  assert.equal(containsIdr(units(9, 0x41), 2), false);
  assert.equal(containsIdr(new Uint8Array(0), 4), false);
  assert.equal(containsIdr(Uint8Array.of(0, 1, 0x41, 0xff), 2), false);
});

test('nalUnits() and containsIdr() read any bytes or throw ProtocolViolation', () => {
  const payload = fc.array(fc.oneof(fc.nat(6), fc.nat(255)), { maxLength: 40 });
  fc.assert(
    fc.property(payload, fc.constantFrom(1 as const, 2 as const, 4 as const), (bytes, size) => {
      decodesOrViolates(() => [...nalUnits(Uint8Array.from(bytes), size)]);
      decodesOrViolates(() => containsIdr(Uint8Array.from(bytes), size));
    }),
    { numRuns: 1000 },
  );
});

function avcC(sps: Uint8Array[], pps: Uint8Array[]): Uint8Array {
  const set = (unit: Uint8Array) => [unit.byteLength >> 8, unit.byteLength & 0xff, ...unit];
  return Uint8Array.from([
    ...[1, 0x42, 0xc0, 0x2a, 0xff],
    ...[0xe0 | sps.length, ...sps.flatMap(set)],
    ...[pps.length, ...pps.flatMap(set)],
  ]);
}

function decodesOrViolates(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
  }
}
