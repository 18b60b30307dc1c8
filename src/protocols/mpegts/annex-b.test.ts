import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS } from '../../../test/support/media.ts';
import { parseAvcDecoderConfiguration } from '../codecs/avc.ts';
import { AnnexBFormat } from './annex-b.ts';

const AVCC = TRACKS.video.decoderConfiguration;
const { sps, pps } = parseAvcDecoderConfiguration(AVCC);

const withLengthSize = (size: number) => {
  const avcC = Uint8Array.from(AVCC);
  avcC[4] = 0xfc | (size - 1);
  return avcC;
};

const accessUnit = (units: readonly Uint8Array[], lengthSize = 4) =>
  Buffer.concat(
    units.flatMap((unit) => {
      const length = Buffer.alloc(lengthSize);
      length.writeUIntBE(unit.byteLength, 0, lengthSize);
      return [length, unit];
    }),
  );

const annexB = (units: readonly Uint8Array[]) =>
  Buffer.concat(units.flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit])).toString('hex');

const write = (format: AnnexBFormat, payload: Uint8Array, isRandomAccess: boolean) => {
  const byteLength = format.byteLength(payload, isRandomAccess);
  const bytes = Buffer.alloc(byteLength + 2, 0xee);
  format.write(bytes, 1, payload, isRandomAccess);
  assert.deepEqual([bytes[0], bytes.at(-1)], [0xee, 0xee], 'it writes byteLength() bytes');
  return bytes.subarray(1, -1).toString('hex');
};

const AUD = Buffer.of(0x09, 0xf0);
const SEI = Buffer.of(0x06, 5, 1, 7, 0x80);
const IDR = Buffer.of(0x65, 1, 2, 3);
const SLICE = Buffer.of(0x41, 4, 5);
const OWN_SPS = Buffer.of(0x67, 8, 8);
const OWN_PPS = Buffer.of(0x68, 9);

for (const lengthSize of [1, 2, 4]) {
  test(`AnnexBFormat reads NAL unit lengths of ${lengthSize} bytes`, () => {
    const format = new AnnexBFormat(withLengthSize(lengthSize));
    assert.equal(
      write(format, accessUnit([SEI, SLICE], lengthSize), false),
      annexB([AUD, SEI, SLICE]),
    );
  });
}

const format = new AnnexBFormat(AVCC);

test('AnnexBFormat begins an access unit with one delimiter, wherever the source has its own', () => {
  const own = Buffer.of(0x09, 0x10);
  for (const units of [[SLICE], [own, SLICE], [own, own, SLICE]]) {
    assert.equal(write(format, accessUnit(units), false), annexB([AUD, SLICE]));
  }
});

test('AnnexBFormat adds all parameter sets where decoding can start', () => {
  assert.equal(
    write(format, accessUnit([SEI, IDR]), true),
    annexB([AUD, ...sps, ...pps, SEI, IDR]),
  );
  const two = Buffer.concat([
    AVCC.subarray(0, 5),
    Buffer.of(0xe2, 0, sps[0]!.byteLength),
    sps[0]!,
    Buffer.of(0, sps[0]!.byteLength),
    sps[0]!,
    Buffer.of(2, 0, 2, 0x68, 1, 0, 2, 0x68, 2),
  ]);
  assert.equal(
    write(new AnnexBFormat(two), accessUnit([IDR]), true),
    annexB([AUD, sps[0]!, sps[0]!, Buffer.of(0x68, 1), Buffer.of(0x68, 2), IDR]),
  );
});

test('AnnexBFormat adds no parameter sets where they are in band', () => {
  const units = [OWN_SPS, OWN_PPS, IDR];
  assert.equal(write(format, accessUnit(units), true), annexB([AUD, ...units]));
});

test('AnnexBFormat adds all parameter sets where one kind is missing in band', () => {
  assert.equal(
    write(format, accessUnit([OWN_PPS, IDR]), true),
    annexB([AUD, ...sps, ...pps, OWN_PPS, IDR]),
  );
});

test('AnnexBFormat adds no parameter sets to other pictures', () => {
  assert.equal(write(format, accessUnit([SLICE]), false), annexB([AUD, SLICE]));
});

test('AnnexBFormat leaves empty NAL units out', () => {
  assert.equal(write(format, accessUnit([Buffer.alloc(0), SLICE]), false), annexB([AUD, SLICE]));
});

test('AnnexBFormat leaves out what is no whole NAL unit at the end', () => {
  const whole = accessUnit([SEI, SLICE]);
  for (let length = 0; length < whole.byteLength; length++) {
    const isSeiWhole = length >= 4 + SEI.byteLength;
    const written = write(format, whole.subarray(0, length), false);
    assert.equal(written, annexB(isSeiWhole ? [AUD, SEI] : [AUD]));
  }
  for (const stray of ['00', '0000', '000000', '00000009ff']) {
    const padded = Buffer.concat([whole, Buffer.from(stray, 'hex')]);
    assert.equal(write(format, padded, false), annexB([AUD, SEI, SLICE]));
  }
});
