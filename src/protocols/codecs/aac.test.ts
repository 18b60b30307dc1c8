import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { BitWriter } from '../../../test/support/bit-writer.ts';
import { ffmpeg, ffprobe } from '../../../test/support/ffmpeg.ts';
import { readFlvMedia } from '../../../test/support/flv-file.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { parseAudioSpecificConfig } from './aac.ts';

const encodings = [
  { sampleRate: 48_000, channelCount: 2 },
  { sampleRate: 44_100, channelCount: 1 },
  { sampleRate: 44_100, channelCount: 2 },
  { sampleRate: 96_000, channelCount: 2 },
  { sampleRate: 8_000, channelCount: 1 },
  { sampleRate: 48_000, channelCount: 6 },
];

let folder: string;
const path = (index: number) => join(folder, `${index}.flv`);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ivory-aac-'));
  const outputs = encodings.flatMap(({ sampleRate, channelCount }, i) => [
    ...['-c:a', 'aac', '-ar', `${sampleRate}`, '-ac', `${channelCount}`, path(i)],
  ]);
  await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=0.2', ...outputs]);
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [i, { sampleRate, channelCount }] of encodings.entries()) {
  test(`parseAudioSpecificConfig() agrees with ffprobe: ${sampleRate} Hz, ${channelCount} channels`, async () => {
    const { audioSpecificConfig } = readFlvMedia(await readFile(path(i)));
    const { streams } = await ffprobe(path(i), ['-show_streams']);
    const parsed = parseAudioSpecificConfig(audioSpecificConfig!);
    assert.equal(streams[0]!.profile, 'LC');
    assert.deepEqual(
      { sampleRate: parsed.sampleRate, channelCount: parsed.channelCount },
      { sampleRate: Number(streams[0]!.sample_rate), channelCount: streams[0]!.channels },
    );
    assert.equal(parsed.codecString, 'mp4a.40.2');
    assert.equal(parsed.samplesPerFrame, 1024);
    assert.equal(parsed.extensionSampleRate, undefined);
  });
}

const byHand = [
  {
    name: 'explicit SBR before the core: HE-AAC',
    hex: '2b118800',
    audioObjectType: 5,
    coreObjectType: 2,
    sampleRate: 24_000,
    channelCount: 2,
    samplesPerFrame: 1024,
    codecString: 'mp4a.40.5',
    extensionSampleRate: 48_000,
    hasParametricStereo: false,
  },
  {
    name: 'backward-compatible SBR and PS behind the core',
    hex: '139056e5a54880',
    audioObjectType: 2,
    coreObjectType: 2,
    sampleRate: 22_050,
    channelCount: 2,
    samplesPerFrame: 1024,
    codecString: 'mp4a.40.2',
    extensionSampleRate: 44_100,
    hasParametricStereo: true,
  },
  {
    name: 'frames of 960 samples',
    hex: '1194',
    audioObjectType: 2,
    coreObjectType: 2,
    sampleRate: 48_000,
    channelCount: 2,
    samplesPerFrame: 960,
    codecString: 'mp4a.40.2',
    hasParametricStereo: false,
  },
];

for (const { name, hex, ...expected } of byHand) {
  test(`parseAudioSpecificConfig() reads ${name}`, () => {
    assert.deepEqual(parseAudioSpecificConfig(Buffer.from(hex, 'hex')), expected);
  });
}

test('parseAudioSpecificConfig() reads an explicit frequency', () => {
  const config = new BitWriter().bits(2, 5).bits(15, 4).bits(37_800, 24).bits(2, 4).bits(0, 3);
  assert.equal(parseAudioSpecificConfig(config.finish()).sampleRate, 37_800);
});

test('parseAudioSpecificConfig() counts the channels of a program_config_element', () => {
  const config = new BitWriter()
    .bits(2, 5)
    .bits(3, 4)
    .bits(0, 4) // channelConfiguration 0
    .bits(0, 3)
    .bits(0, 4)
    .bits(1, 2)
    .bits(3, 4) // element_instance_tag, object_type, sampling_frequency_index
    .bits(2, 4)
    .bits(0, 4)
    .bits(1, 4)
    .bits(1, 2)
    .bits(0, 3)
    .bits(0, 4) // front, side, back, lfe, associated data, coupling
    .bits(0, 3) // no mixdown
    .bits(0b0_0000, 5) // front: centre
    .bits(0b1_0001, 5) // front: left and right
    .bits(0b1_0010, 5) // back: left and right
    .bits(0, 4); // lfe
  const bits = 16 + 10 + 21 + 3 + 15 + 4;
  config
    .bits(0, (8 - (bits % 8)) % 8)
    .bits(2, 8)
    .bits(0x4869, 16);
  assert.equal(parseAudioSpecificConfig(config.finish()).channelCount, 6);
});

const refused = [
  { name: 'a reserved frequency index', config: new BitWriter().bits(2, 5).bits(13, 4).bits(2, 4) },
  {
    name: 'a frequency of zero',
    config: new BitWriter().bits(2, 5).bits(15, 4).bits(0, 24).bits(2, 4),
  },
  {
    name: 'a frequency above that of any AAC',
    config: new BitWriter().bits(2, 5).bits(15, 4).bits(16_000_000, 24).bits(2, 4),
  },
  {
    name: 'a reserved channel configuration',
    config: new BitWriter().bits(2, 5).bits(3, 4).bits(9, 4).bits(0, 8),
  },
  {
    name: 'an object type that is not AAC',
    config: new BitWriter().bits(31, 5).bits(4, 6).bits(3, 4).bits(2, 4).bits(0, 16),
  },
  {
    name: 'SBR of SBR',
    config: new BitWriter().bits(5, 5).bits(6, 4).bits(2, 4).bits(3, 4).bits(5, 5).bits(0, 16),
  },
];

for (const { name, config } of refused) {
  test(`parseAudioSpecificConfig() refuses ${name}`, () => {
    const bytes = new Uint8Array([...config.finish(), 0, 0]);
    assert.throws(() => parseAudioSpecificConfig(bytes), ProtocolViolation);
  });
}

test('parseAudioSpecificConfig() reads any bytes or throws ProtocolViolation', () => {
  const config = fc
    .tuple(
      fc.constantFrom(0x10, 0x11, 0x12, 0x13, 0x2b, 0xeb, 0xff),
      fc.uint8Array({ maxLength: 30 }),
    )
    .map(([first, rest]) => Uint8Array.of(first, ...rest));
  fc.assert(
    fc.property(fc.oneof(config, fc.uint8Array({ maxLength: 8 })), (bytes) => {
      try {
        const parsed = parseAudioSpecificConfig(bytes);
        assert.ok(parsed.sampleRate > 0 && parsed.channelCount > 0);
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test('parseAudioSpecificConfig() refuses more bytes than any config has', () => {
  assert.throws(() => parseAudioSpecificConfig(new Uint8Array(600)), ProtocolViolation);
});
