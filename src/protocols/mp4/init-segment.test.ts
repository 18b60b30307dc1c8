import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { initSegment } from './init-segment.ts';

const AVCC = Buffer.from(
  '0142c02affe100186742c02ada01e0089f961000000300100000030780f1832a01000468ce3c80',
  'hex',
);
const AAC_LC_48_KHZ_STEREO = Buffer.from('1190', 'hex');

const video = {
  trackId: 1,
  timescale: 90_000,
  width: 1080,
  height: 1920,
  decoderConfiguration: AVCC,
};
const audio = {
  trackId: 2,
  timescale: 48_000,
  sampleRate: 48_000,
  channelCount: 2,
  decoderConfiguration: AAC_LC_48_KHZ_STEREO,
};

test('initSegment() is read by mediabunny: both tracks, sizes, timescales, configurations', async () => {
  using input = new Input({
    source: new BufferSource(initSegment({ video, audio })),
    formats: ALL_FORMATS,
  });
  const videoTrack = (await input.getPrimaryVideoTrack())!;
  const videoConfig = (await videoTrack.getDecoderConfig())!;
  assert.equal(videoTrack.id, 1);
  assert.equal(await videoTrack.getTimeResolution(), 90_000);
  assert.deepEqual([videoConfig.codedWidth, videoConfig.codedHeight], [1080, 1920]);
  assert.deepEqual(Buffer.from(videoConfig.description as Uint8Array), AVCC);

  const audioTrack = (await input.getPrimaryAudioTrack())!;
  const audioConfig = (await audioTrack.getDecoderConfig())!;
  assert.equal(audioTrack.id, 2);
  assert.equal(await audioTrack.getTimeResolution(), 48_000);
  assert.deepEqual([audioConfig.sampleRate, audioConfig.numberOfChannels], [48_000, 2]);
  assert.deepEqual(Buffer.from(audioConfig.description as Uint8Array), AAC_LC_48_KHZ_STEREO);
});

test('initSegment() has the one track of a stream without audio, or without video', async () => {
  for (const tracks of [{ video }, { audio }]) {
    using input = new Input({
      source: new BufferSource(initSegment(tracks)),
      formats: ALL_FORMATS,
    });
    assert.equal((await input.getTracks()).length, 1);
  }
});

test('initSegment() refuses to be without a track', () => {
  assert.throws(() => initSegment({}), RangeError);
});

test('initSegment() leaves a sampling rate above 16 bits to the AudioSpecificConfig', () => {
  const bytes = Buffer.from(initSegment({ audio: { ...audio, sampleRate: 96_000 } }));
  const entry = bytes.subarray(bytes.indexOf('mp4a') + 4);
  assert.equal(entry.readUInt32BE(24), 0);
});

test('initSegment() writes descriptor sizes above 127 bytes in two groups of seven bits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 400 }), (length) => {
      const config = Buffer.alloc(length, 0xab);
      const bytes = Buffer.from(initSegment({ audio: { ...audio, decoderConfiguration: config } }));
      const esds = bytes.subarray(bytes.indexOf('esds') + 8);
      assert.deepEqual(decoderSpecificInfo(esds), config);
    }),
  );
});

/** ISO 14496-1: ES_Descriptor, in it DecoderConfigDescriptor, in it DecoderSpecificInfo. */
function decoderSpecificInfo(esds: Buffer): Buffer {
  const es = descriptorBody(esds, 0x03);
  const decoderConfig = descriptorBody(es.subarray(3), 0x04);
  return descriptorBody(decoderConfig.subarray(13), 0x05);
}

function descriptorBody(bytes: Buffer, tag: number): Buffer {
  assert.equal(bytes[0], tag);
  let size = 0;
  let at = 1;
  let byte: number;
  do {
    byte = bytes[at++]!;
    size = size * 128 + (byte & 0x7f);
  } while (byte & 0x80);
  assert.ok(at + size <= bytes.byteLength);
  return bytes.subarray(at, at + size);
}
