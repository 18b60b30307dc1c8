import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CreateChannelCommandInput } from '@aws-sdk/client-ivs';
import { type IvoryInProcess, startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { assertDecodes, type JudgedPacket, probe } from './support/judge.ts';
import {
  assertAligned,
  assertPicturesOf,
  type FetchedRendition,
  fetchEnded,
  NUMBERED_PICTURES,
  nameOf,
  presentedSeconds,
  readPictureNumbers,
  untilRenditions,
} from './support/ladder.ts';
import { fetchMultivariant, LlHlsClient, sum } from './support/ll-hls-client.ts';
import { publishFile, type SourceOptions } from './support/publisher.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

interface Rendition {
  readonly name: string;
  /** Absent: no picture. */
  readonly size?: string;
  readonly framesPerSecond?: number;
  readonly keepOneFrameIn?: number;
  /** Of picture and sound; absent: the source's. */
  readonly videoBps?: number;
  readonly audioBps?: number;
}

interface Case {
  readonly name: string;
  readonly channel: CreateChannelCommandInput;
  readonly source: SourceOptions;
  readonly renditions: readonly Rendition[];
  readonly longestGopSeconds?: number;
}

const CASES: readonly Case[] = [
  {
    name: 'STANDARD: a source above 720p, with B-frames',
    channel: { type: 'STANDARD', containerFormat: 'FRAGMENTED_MP4' },
    source: { size: '1366x768', framesPerSecond: 10, bFrames: 2 },
    renditions: [
      { name: '768p10', size: '1366x768' },
      { name: '720p30', size: '1280x720', videoBps: 2_400_000 },
      { name: '480p30', size: '852x480', videoBps: 1_400_000 },
      { name: '360p30', size: '640x360', videoBps: 630_000, audioBps: 64_000 },
      { name: '160p30', size: '284x160', videoBps: 230_000, audioBps: 48_000 },
    ],
  },
  {
    name: 'STANDARD: portrait, TS',
    channel: { type: 'STANDARD', containerFormat: 'TS' },
    source: { size: '480x854', framesPerSecond: 24 },
    renditions: [
      { name: '480p30', size: '480x854', videoBps: 1_400_000 },
      { name: '360p30', size: '360x640', videoBps: 630_000, audioBps: 64_000 },
      { name: '160p30', size: '160x284', videoBps: 230_000, audioBps: 48_000 },
    ],
  },
  {
    name: 'STANDARD: 60 frames a second beside 30, TS',
    channel: { type: 'STANDARD', containerFormat: 'TS' },
    source: { size: '640x400', framesPerSecond: 60, bFrames: 2 },
    renditions: [
      { name: '400p60', size: '640x400' },
      { name: '360p30', size: '576x360', keepOneFrameIn: 2, videoBps: 630_000, audioBps: 64_000 },
      { name: '160p30', size: '256x160', keepOneFrameIn: 2, videoBps: 230_000, audioBps: 48_000 },
    ],
  },
  {
    name: 'ADVANCED_HD, constrained: keyframes come every 2 s, whatever the encoder does',
    channel: {
      type: 'ADVANCED_HD',
      preset: 'CONSTRAINED_BANDWIDTH_DELIVERY',
      containerFormat: 'FRAGMENTED_MP4',
    },
    source: { size: '1280x720', framesPerSecond: 10, gopFrames: 50, bFrames: 2 },
    longestGopSeconds: 2,
    renditions: [
      { name: '720p30', size: '1280x720', videoBps: 1_900_000, audioBps: 128_000 },
      { name: '480p30', size: '852x480', videoBps: 800_000, audioBps: 128_000 },
      { name: '360p30', size: '640x360', videoBps: 400_000, audioBps: 64_000 },
      { name: '160p30', size: '284x160', videoBps: 220_000, audioBps: 48_000 },
      { name: 'audio_only', audioBps: 64_000 },
    ],
  },
  {
    name: 'ADVANCED_SD, 50 frames a second, TS',
    channel: {
      type: 'ADVANCED_SD',
      preset: 'HIGHER_BANDWIDTH_DELIVERY',
      containerFormat: 'TS',
    },
    source: { size: '854x480', framesPerSecond: 50 },
    longestGopSeconds: 2,
    renditions: [
      {
        name: '480p30',
        size: '854x480',
        keepOneFrameIn: 2,
        videoBps: 1_300_000,
        audioBps: 128_000,
      },
      { name: '360p30', size: '640x360', keepOneFrameIn: 2, videoBps: 700_000, audioBps: 64_000 },
      { name: '160p30', size: '284x160', keepOneFrameIn: 2, videoBps: 270_000, audioBps: 48_000 },
      { name: 'audio_only', audioBps: 64_000 },
    ],
  },
  {
    name: 'BASIC, TS',
    channel: { type: 'BASIC', containerFormat: 'TS' },
    source: { size: '640x360', framesPerSecond: 25, bFrames: 2 },
    renditions: [{ name: '360p25', size: '640x360' }],
  },
];

const DURATION_SECONDS = 7;
/** x264 has no filler: what is easy to see needs less. */
const RATE_OF_PLAN = { least: 0.3, most: 1.15 };

describe('each type of channel has the renditions of its table, all cut alike', {
  concurrency: 2,
}, () => {
  let ivory: IvoryInProcess;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  before(async () => {
    ivory = await startIvoryForTest({ IVORY_TRANSCODE_CORES: '100' });
    directory = await temporaryDirectory();
  });
  after(async () => {
    await ivory[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** On a machine with much else to do the last pictures are given up (`LadderTranscoder.close`). */
  const wasCutShort = (arn: string) =>
    ivory.log.lines.some(
      ({ message, fields }) =>
        message === 'ffmpeg did not end cleanly' && fields['channel'] === arn,
    );

  for (const { name, channel: input, source, renditions, longestGopSeconds } of CASES) {
    test(name, async (t) => {
      const file = await encodeSource(path.join(directory.path, `${crypto.randomUUID()}.flv`), {
        durationSeconds: DURATION_SECONDS,
        videoFilter: NUMBERED_PICTURES,
        ...source,
      });
      const sent = await probe(file);
      const channel = await ivory.createChannel(input);
      await using encoder = publishFile(channel.rtmpUrl, file);
      await ivory.untilLive(channel.arn);
      const names = renditions.map((each) => each.name);
      const early = await untilRenditions(channel.playbackUrl, names);
      assert.deepEqual(early.map(nameOf), names);
      const last = early.findLast(({ resolution }) => resolution)!;
      const viewer = new LlHlsClient(last.uri, { isSteady: true });
      if (input.containerFormat !== 'TS') await viewer.follow(() => false);
      assert.equal(await encoder.ended, 0, encoder.stderr);

      const fetched = await fetchEnded(early, directory.path);
      const isWhole = !wasCutShort(channel.arn);
      if (!isWhole) t.diagnostic('ffmpeg was too slow for the end: only what came is looked at');
      assertAligned(fetched);
      const shiftSeconds =
        presentedSeconds(fetched[0]!.video)[0]! - presentedSeconds(sent.video)[0]!;
      for (const [index, plan] of renditions.entries()) {
        const rendition = fetched[index]!;
        t.diagnostic(describeRates(rendition, plan));
        const { segments } = rendition.playlist;
        assert.ok(segments.every(({ discontinuity }) => !discontinuity));
        assert.ok(segments.every(({ gap }, at) => !gap || (!isWhole && at >= segments.length - 2)));
        await assertDecodes(rendition.file);
        assertSound(rendition, plan, sent.audio, shiftSeconds, isWhole);
        if (plan.size === undefined) {
          assert.equal(rendition.video.length, 0);
          continue;
        }
        const { width, height } = rendition.streams.find((each) => each.codec_type === 'video')!;
        assert.equal(`${width}x${height}`, plan.size, plan.name);
        assert.equal(
          `${rendition.variant.resolution?.width}x${rendition.variant.resolution?.height}`,
          plan.size,
        );
        const { keepOneFrameIn = 1, videoBps } = plan;
        assert.equal(rendition.variant.frameRate, source.framesPerSecond! / keepOneFrameIn);
        assert.equal(
          rendition.variant.ivsVariantSource,
          videoBps === undefined ? 'source' : 'transcode',
        );
        const end = isWhole ? Number.POSITIVE_INFINITY : presentedSeconds(rendition.video).at(-1)!;
        const pictures = sent.video.filter((each) => each.ptsSeconds + shiftSeconds < end + 0.001);
        assertPicturesOf(pictures, rendition, { shiftSeconds, keepOneFrameIn });
        assertKeyframes(rendition, pictures, shiftSeconds, longestGopSeconds);
        const numbers = await readPictureNumbers(rendition.file);
        assert.deepEqual(
          numbers,
          numbers.map((_, picture) => picture * keepOneFrameIn),
          `${plan.name} shows other pictures`,
        );
        if (isWhole) assertRate(rendition, plan);
      }
    });
  }

  for (const containerFormat of ['FRAGMENTED_MP4', 'TS'] as const) {
    test(`BASIC, ${containerFormat}: the sound by itself is there for who asks for it`, async () => {
      const source = { size: '640x360', framesPerSecond: 15, durationSeconds: 10 };
      const file = await encodeSource(
        path.join(directory.path, `${crypto.randomUUID()}.flv`),
        source,
      );
      const sent = await probe(file);
      const channel = await ivory.createChannel({ type: 'BASIC', containerFormat });
      await using encoder = publishFile(channel.rtmpUrl, file);
      await ivory.untilLive(channel.arn);
      const variants = await untilRenditions(`${channel.playbackUrl}?allow_audio_only=true`, [
        '360p15',
        'audio_only',
      ]);
      const { variants: others } = await fetchMultivariant(channel.playbackUrl);
      assert.deepEqual(others.map(nameOf), ['360p15']);
      const sound = variants.find((each) => nameOf(each) === 'audio_only')!;
      assert.deepEqual([sound.codecs, sound.resolution], [['mp4a.40.2'], undefined]);
      assert.equal(await encoder.ended, 0, encoder.stderr);

      const fetched = await fetchEnded(variants, directory.path);
      assertAligned(fetched);
      const [all, audioOnly] = fetched as [FetchedRendition, FetchedRendition];
      assert.deepEqual(
        audioOnly.streams
          .map(({ codec_name }) => codec_name)
          .filter((name) => name !== 'timed_id3'),
        ['aac'],
      );
      await assertDecodes(audioOnly.file);
      const shiftSeconds = presentedSeconds(all.video)[0]! - presentedSeconds(sent.video)[0]!;
      const from = sent.audio.filter(
        ({ ptsSeconds }) => ptsSeconds + shiftSeconds >= audioOnly.audio[0]!.ptsSeconds - 0.002,
      );
      assertSound(audioOnly, { name: 'audio_only' }, from, shiftSeconds);
      const [first] = audioOnly.audio;
      const begins = all.video.find(({ msn }) => msn === first!.msn)!.ptsSeconds;
      assert.ok(
        Math.abs(first!.ptsSeconds - begins) < 0.05,
        `${first!.ptsSeconds} s, not ${begins} s`,
      );
    });
  }

  test('thumbnails are of the picture that is on, and new ones come', async () => {
    const source = { size: '640x400', framesPerSecond: 15, durationSeconds: 8, gopFrames: 30 };
    const file = await encodeSource(path.join(directory.path, `${crypto.randomUUID()}.flv`), {
      ...source,
      videoFilter: NUMBERED_PICTURES,
    });
    const channel = await ivory.createChannel({ type: 'STANDARD' });
    await using _ = publishFile(channel.rtmpUrl, file);
    await ivory.untilLive(channel.arn);
    const [variant] = await untilRenditions(channel.playbackUrl, ['400p15']);
    const url = new URL('../thumb.jpg', variant!.uri).href;
    const numbers: number[] = [];
    await until(
      'the second thumbnail',
      async () => {
        const response = await fetch(url);
        if (response.status === 404) return false;
        assert.equal(response.headers.get('content-type'), 'image/jpeg');
        const thumbnail = path.join(directory.path, 'thumbnail.jpg');
        await writeFile(thumbnail, Buffer.from(await response.arrayBuffer()));
        const [number] = await readPictureNumbers(thumbnail);
        if (numbers.at(-1) !== number) numbers.push(number!);
        return numbers.length > 1;
      },
      { timeoutMs: 12_000, intervalMs: 300 },
    );
    assert.deepEqual(numbers, [0, 75], 'one every five seconds');
    const { streams } = await probe(path.join(directory.path, 'thumbnail.jpg'));
    assert.deepEqual([streams[0]?.width, streams[0]?.height], [640, 400]);
  });
});

function seconds({ playlist }: FetchedRendition): number {
  return sum(playlist.segments.map(({ durationSeconds }) => durationSeconds));
}

const bitsPerSecond = (packets: readonly { byteLength: number }[], rendition: FetchedRendition) =>
  (sum(packets.map(({ byteLength }) => byteLength)) * 8) / seconds(rendition);

function describeRates(
  rendition: FetchedRendition,
  { name, videoBps = 0, audioBps = 0 }: Rendition,
) {
  const { variant, video, audio } = rendition;
  const kbps = (bps: number) => Math.round(bps / 1000);
  return (
    `${name}: video ${kbps(bitsPerSecond(video, rendition))} of ${kbps(videoBps)} kbit/s, ` +
    `audio ${kbps(bitsPerSecond(audio, rendition))} of ${kbps(audioBps)}, ` +
    `BANDWIDTH ${kbps(variant.bandwidthBps)}, AVERAGE ${kbps(variant.averageBandwidthBps ?? 0)}; ${variant.codecs}`
  );
}

function assertRate(rendition: FetchedRendition, { name, videoBps }: Rendition): void {
  if (videoBps === undefined) return;
  const share = bitsPerSecond(rendition.video, rendition) / videoBps;
  assert.ok(
    share > RATE_OF_PLAN.least && share < RATE_OF_PLAN.most,
    `${name}: ${share} of its rate`,
  );
}

function assertKeyframes(
  { name, video }: FetchedRendition,
  source: readonly JudgedPacket[],
  shiftSeconds: number,
  longestGopSeconds = Number.POSITIVE_INFINITY,
): void {
  const keyframes = presentedSeconds(video.filter(({ isKeyframe }) => isKeyframe));
  for (const { ptsSeconds } of source.filter(({ isKeyframe }) => isKeyframe)) {
    const isKept = keyframes.some((at) => Math.abs(at - ptsSeconds - shiftSeconds) < 0.000_1);
    assert.ok(isKept, `${name} has no keyframe at ${ptsSeconds} s`);
  }
  for (const [index, at] of keyframes.entries()) {
    const gop = (keyframes[index + 1] ?? at) - at;
    assert.ok(gop <= longestGopSeconds + 0.001, `${name}: a group of pictures of ${gop} s`);
  }
}

/** Sound that is passed through is the source's, byte for byte; transcoded sound is as long, and as early. */
function assertSound(
  rendition: FetchedRendition,
  { name, audioBps }: Rendition,
  source: readonly JudgedPacket[],
  shiftSeconds: number,
  isWhole = true,
): void {
  const { audio } = rendition;
  assert.ok(
    !isWhole || Math.abs(audio.length - source.length) < 16,
    `${name}: ${audio.length} of ${source.length} frames of sound`,
  );
  // The last one may sound on until the picture ends.
  for (const [index, { ptsSeconds }] of audio.slice(0, -3).entries()) {
    const step = ptsSeconds - (audio[index - 1]?.ptsSeconds ?? ptsSeconds - 1024 / 48_000);
    assert.ok(Math.abs(step - 1024 / 48_000) < 0.002, `${name}: sound ${index} steps ${step} s`);
  }
  if (audioBps === undefined) {
    const firstSeconds = audio[0]!.ptsSeconds - shiftSeconds;
    const first = source.findIndex(({ ptsSeconds }) => Math.abs(ptsSeconds - firstSeconds) < 0.002);
    assert.ok(first >= 0 && first <= 2, `${name} begins with sound ${first}`);
    // A transport stream has seven bytes of ADTS before each frame.
    const isTs = rendition.file.endsWith('.ts');
    const essence = ({ hash, byteLength }: JudgedPacket) => (isTs ? byteLength : hash);
    const expected = source.slice(first, first + audio.length).map((packet) => {
      return isTs ? packet.byteLength + 7 : packet.hash;
    });
    assert.deepEqual(audio.map(essence), expected, `the sound of ${name} is another`);
  } else {
    const rate = bitsPerSecond(audio, rendition);
    assert.ok(rate < audioBps * 1.25, `${name}: sound of ${rate} bit/s`);
  }
}
