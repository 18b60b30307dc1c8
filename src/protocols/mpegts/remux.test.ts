/** What ffmpeg encoded, muxed by us in parts, is what ffmpeg, mediabunny and hls.js read back. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { ffmpeg, ffprobe } from '../../../test/support/ffmpeg.ts';
import { type FlvMedia, readFlvMedia } from '../../../test/support/flv-file.ts';
import { parseAudioSpecificConfig } from '../codecs/aac.ts';
import {
  AvcNalUnitType,
  type NalUnitLengthSize,
  nalUnits,
  parseAvcDecoderConfiguration,
} from '../codecs/avc.ts';
import { encodeId3Tag } from '../id3.ts';
import { START_OF_STREAM, type TsPosition } from './packet-sequence.ts';
import { HlsDemuxing } from './testing/hls-demuxer.ts';
import { readTransportStream, splitAnnexB } from './testing/ts-reader.ts';
import { TIME_OFFSET_TICKS } from './timestamp.ts';
import { type TsAudioSample, TsMuxer, type TsPart, type TsVideoSample } from './ts-muxer.ts';

const TICKS_PER_MS = 90;
const PART_TICKS = 200 * TICKS_PER_MS;
const ID3 = encodeId3Tag([{ kind: 'TXXX', description: 'segmentmetadata', value: '{}' }]);

const cases: { name: string; args: string[] }[] = [
  {
    name: 'B-frames, 44.1 kHz mono',
    args: ['-bf', '2', '-g', '15', '-c:a', 'aac', '-ar', '44100', '-ac', '1'],
  },
  {
    name: 'delimiters and parameter sets in band, 48 kHz stereo',
    args: [
      ...['-bf', '3', '-g', '30', '-x264-params', 'aud=1:repeat-headers=1:slices=3'],
      ...['-c:a', 'aac', '-ar', '48000', '-ac', '2'],
    ],
  },
  { name: 'no sound, five pictures a second', args: ['-an', '-r', '5', '-bf', '0', '-g', '5'] },
  {
    name: 'pictures beyond what PES_packet_length says',
    args: ['-bf', '1', '-s', '640x360', '-qp', '0', '-vf', 'noise=alls=60', '-c:a', 'aac'],
  },
  { name: 'no pictures, 48 kHz stereo', args: ['-vn', '-c:a', 'aac', '-ar', '48000', '-ac', '2'] },
  { name: 'no pictures, 44.1 kHz mono', args: ['-vn', '-c:a', 'aac', '-ar', '44100', '-ac', '1'] },
];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ivory-ts-'));
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [i, { name, args }] of cases.entries()) {
  test(`parts read back as they went in: ${name}`, async () => {
    const flvPath = join(folder, `${i}.flv`);
    const tsPath = join(folder, `${i}.m2ts`);
    await ffmpeg([
      ...['-f', 'lavfi', '-i', 'testsrc=size=160x90:rate=30:duration=2'],
      ...['-f', 'lavfi', '-i', 'sine=duration=2'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args, flvPath],
    ]);
    const source = await Source.read(flvPath);
    const parts = source.mux();
    const file = Buffer.concat(parts);
    await writeFile(tsPath, file);

    judgeByTheStandard(file, source);
    await judgeWithFfprobe(tsPath, source);
    await judgeWithFfmpeg(tsPath, flvPath, source);
    await judgeWithMediabunny(file, source);
    await judgeWithHls(parts, source);
  });
}

test('a viewer can join at any part that begins with a keyframe', async () => {
  const flvPath = join(folder, 'join.flv');
  await ffmpeg([
    ...['-f', 'lavfi', '-i', 'testsrc=size=160x90:rate=30:duration=2'],
    ...['-f', 'lavfi', '-i', 'sine=duration=2', '-c:v', 'libx264', '-g', '12', '-bf', '0'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', flvPath],
  ]);
  const source = await Source.read(flvPath);
  const parts = source.mux();
  const joins = parts.flatMap((_, n) => (source.parts[n]!.video[0]?.isRandomAccess ? [n] : []));
  assert.ok(joins.length >= 3, `keyframes begin ${joins.length} parts`);
  for (const n of joins) {
    const path = join(folder, `join-${n}.m2ts`);
    await writeFile(path, Buffer.concat(parts.slice(n)));
    assert.equal(await warningsOf(path), '');
  }
});

test('a viewer can join at any part of a stream that has only sound', async () => {
  const flvPath = join(folder, 'join-sound.flv');
  await ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=2', '-c:a', 'aac', '-b:a', '64k', flvPath]);
  const source = await Source.read(flvPath);
  const parts = source.mux();
  // The last part alone has too few packets for ffmpeg to be sure of the format.
  for (const n of parts.slice(0, -1).keys()) {
    const path = join(folder, `join-sound-${n}.m2ts`);
    await writeFile(path, Buffer.concat(parts.slice(n)));
    assert.equal(await warningsOf(path), '');
  }
});

/** Media of an FLV file on the ticks of a transport stream, cut into parts as the packager cuts them. */
class Source {
  readonly media: FlvMedia;
  readonly video: readonly TsVideoSample[];
  readonly audio: readonly TsAudioSample[];
  readonly parts: readonly TsPart[];
  /** None where there are no pictures. */
  readonly lengthSize: NalUnitLengthSize | undefined;

  static async read(flvPath: string): Promise<Source> {
    return new Source(readFlvMedia(await readFile(flvPath)));
  }

  private constructor(media: FlvMedia) {
    this.media = media;
    this.video = media.video.map(({ dtsMs, compositionOffsetMs, isSync, payload }) => ({
      dtsTicks: dtsMs * TICKS_PER_MS,
      ptsTicks: (dtsMs + compositionOffsetMs) * TICKS_PER_MS,
      isRandomAccess: isSync,
      payload,
    }));
    const config = media.audioSpecificConfig && parseAudioSpecificConfig(media.audioSpecificConfig);
    this.audio = media.audio.map(({ payload }, n) => ({
      ptsTicks: Math.round((n * 1024 * 90_000) / config!.sampleRate),
      payload,
    }));
    const { avcDecoderConfiguration: avcC } = media;
    this.lengthSize = avcC && parseAvcDecoderConfiguration(avcC).nalUnitLengthSize;
    const inPart = (ticks: number, part: number) => Math.floor(ticks / PART_TICKS) === part;
    const newest = Math.max(this.video.at(-1)?.dtsTicks ?? 0, this.audio.at(-1)?.ptsTicks ?? 0);
    this.parts = Array.from({ length: Math.floor(newest / PART_TICKS) + 1 }, (_, n) => ({
      video: this.video.filter(({ dtsTicks }) => inPart(dtsTicks, n)),
      audio: this.audio.filter(({ ptsTicks }) => inPart(ptsTicks, n)),
      metadata: n % 5 === 0 ? [{ ptsTicks: n * PART_TICKS, id3: ID3 }] : [],
      isDiscontinuous: false,
    }));
  }

  mux(): Uint8Array[] {
    const { avcDecoderConfiguration, audioSpecificConfig } = this.media;
    const muxer = new TsMuxer({
      ...(avcDecoderConfiguration && { video: { decoderConfiguration: avcDecoderConfiguration } }),
      ...(audioSpecificConfig && { audio: { decoderConfiguration: audioSpecificConfig } }),
    });
    let position: TsPosition = START_OF_STREAM;
    return this.parts.map((part) => {
      const bytes = muxer.encode(part, position);
      position = muxer.measure(part, position).next;
      return bytes;
    });
  }

  /** NAL units of a picture without its delimiter, which is always ours. */
  unitsOf({ payload }: TsVideoSample): Buffer[] {
    return [...nalUnits(payload, this.lengthSize!)].filter(isNoDelimiter).map(toBuffer);
  }
}

const typeOf = (unit: Uint8Array) => unit[0]! & 0x1f;
const isNoDelimiter = (unit: Uint8Array) => typeOf(unit) !== AvcNalUnitType.accessUnitDelimiter;
const toBuffer = (bytes: Uint8Array) => Buffer.from(bytes);
const sha256 = (bytes: Uint8Array) => `SHA256:${createHash('sha256').update(bytes).digest('hex')}`;

function judgeByTheStandard(file: Buffer, source: Source) {
  const { pes, packets } = readTransportStream(file);
  const pictures = pes.filter(({ streamId }) => streamId === 0xe0);
  assert.equal(pictures.length, source.video.length);
  for (const [i, { pts, dts, payload }] of pictures.entries()) {
    const sample = source.video[i]!;
    assert.equal(pts, sample.ptsTicks + TIME_OFFSET_TICKS);
    assert.equal(dts ?? pts, sample.dtsTicks + TIME_OFFSET_TICKS);
    const [delimiter, ...units] = splitAnnexB(payload);
    assert.equal(typeOf(delimiter!), AvcNalUnitType.accessUnitDelimiter);
    const own = source.unitsOf(sample);
    assert.deepEqual(units.slice(-own.length), own);
    const parameterSets = units.map(typeOf).filter((type) => type === 7 || type === 8);
    assert.deepEqual(parameterSets, sample.isRandomAccess ? [7, 8] : []);
  }
  for (const { pts, dts, clock } of pes) assert.ok((dts ?? pts) >= clock);
  const clocks = packets.flatMap(({ clock }) => (clock === undefined ? [] : [clock]));
  for (const [i, clock] of clocks.slice(1).entries()) {
    const step = clock - clocks[i]!;
    assert.ok(step > 0 && step <= 2_700_000, `a step of ${step / 27_000} ms`);
  }
}

async function judgeWithFfprobe(path: string, source: Source) {
  const sections = ['-show_streams', '-show_packets', '-show_data_hash', 'sha256'];
  const { packets, streams } = await ffprobe(path, sections);
  const { avcDecoderConfiguration, audioSpecificConfig } = source.media;
  const sorts = [avcDecoderConfiguration && 'video', audioSpecificConfig && 'audio', 'metadata'];
  const listed = sorts.filter((sort) => sort !== undefined);
  assert.equal(streams.length, listed.length);
  const bySort = (sort: string) => {
    const index = listed.indexOf(sort);
    return packets.filter(({ stream_index }) => stream_index === index);
  };
  // The access units of the strict reader, which were compared with the source.
  const { pes } = readTransportStream(await readFile(path));
  const pictures = pes.filter(({ streamId }) => streamId === 0xe0);
  assert.deepEqual(
    bySort('video').map(({ dts, pts, flags, data_hash }) => [
      dts,
      pts,
      flags.startsWith('K'),
      data_hash,
    ]),
    source.video.map(({ dtsTicks, ptsTicks, isRandomAccess }, i) => [
      dtsTicks + TIME_OFFSET_TICKS,
      ptsTicks + TIME_OFFSET_TICKS,
      isRandomAccess,
      sha256(pictures[i]!.payload),
    ]),
  );
  const sounds = bySort('audio');
  assert.equal(sounds.length, source.audio.length);
  for (const [i, { pts }] of sounds.entries()) {
    // ffprobe counts on from the first frame of a PES packet in whole ticks.
    assert.ok(Math.abs(pts - source.audio[i]!.ptsTicks - TIME_OFFSET_TICKS) <= 9);
  }
  const tags = bySort('metadata');
  assert.deepEqual(
    tags.map(({ pts }) => pts),
    source.parts
      .flatMap(({ metadata }) => metadata)
      .map(({ ptsTicks }) => ptsTicks + TIME_OFFSET_TICKS),
  );
  // ffmpeg 5.1 passes over five bytes of every stream of type 0x15, as if a metadata_AU_cell header were there.
  const hashes = [sha256(ID3), sha256(ID3.subarray(5))];
  for (const { data_hash } of tags) assert.ok(hashes.includes(data_hash));
}

/** The decoder agrees: no warning on the way, and the pictures and sounds of the source. */
async function judgeWithFfmpeg(tsPath: string, flvPath: string, source: Source) {
  assert.equal(await warningsOf(tsPath), '');
  const { avcDecoderConfiguration, audioSpecificConfig } = source.media;
  const maps = [avcDecoderConfiguration && '0:v', audioSpecificConfig && '0:a'];
  for (const map of maps.filter((each) => each !== undefined))
    assert.equal(await decoded(tsPath, map), await decoded(flvPath, map));
}

async function warningsOf(path: string): Promise<string> {
  const { stderr } = await promisify(execFile)('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-v', 'warning', '-xerror', '-i', path],
    ...['-map', '0:v?', '-map', '0:a?', '-f', 'null', '-'],
  ]);
  return stderr;
}

async function decoded(path: string, map: string): Promise<string> {
  const { stdout } = await promisify(execFile)('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-i', path, '-map', map],
    ...['-fps_mode', 'passthrough', '-f', 'md5', '-'],
  ]);
  return stdout;
}

async function judgeWithMediabunny(file: Buffer, source: Source) {
  using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  assert.equal(await video?.getCodec(), source.media.avcDecoderConfiguration && 'avc');
  const pictures = [];
  if (video)
    for await (const packet of new EncodedPacketSink(video).packets()) pictures.push(packet);
  assert.deepEqual(
    pictures.map(({ timestamp, type }) => [Math.round(timestamp * 90_000), type === 'key']),
    source.video.map(({ ptsTicks, isRandomAccess }) => [
      ptsTicks + TIME_OFFSET_TICKS,
      isRandomAccess,
    ]),
  );
  for (const [i, { data }] of pictures.entries()) {
    const own = source.unitsOf(source.video[i]!);
    assert.deepEqual(splitAnnexB(toBuffer(data)).slice(-own.length), own);
  }
  if (!source.media.audioSpecificConfig) return assert.equal(audio, null);
  const config = parseAudioSpecificConfig(source.media.audioSpecificConfig);
  assert.equal(await audio?.getSampleRate(), config.sampleRate);
  assert.equal(await audio?.getNumberOfChannels(), config.channelCount);
  const sounds = [];
  for await (const packet of new EncodedPacketSink(audio!).packets()) sounds.push(packet);
  assert.deepEqual(
    sounds.map(({ data }) => toBuffer(data).subarray(7)),
    source.audio.map(({ payload }) => toBuffer(payload)),
  );
}

async function judgeWithHls(parts: readonly Uint8Array[], source: Source) {
  const demuxing = await HlsDemuxing.start(parts[0]!);
  for (const [n, bytes] of parts.entries()) {
    const { video, audio, metadata } = source.parts[n]!;
    const found = demuxing.part(bytes);
    assert.deepEqual(
      found.video.map(({ pts, dts, key, units }) => ({
        pts,
        dts,
        key,
        units: units
          .filter(({ type }) => type !== 9 && type !== 7 && type !== 8)
          .map(({ data }) => toBuffer(data)),
      })),
      video.map((sample) => ({
        pts: sample.ptsTicks + TIME_OFFSET_TICKS,
        dts: sample.dtsTicks + TIME_OFFSET_TICKS,
        key: sample.isRandomAccess,
        units: source.unitsOf(sample).filter((unit) => typeOf(unit) !== 7 && typeOf(unit) !== 8),
      })),
    );
    assert.deepEqual(
      found.audio.map(({ unit }) => toBuffer(unit)),
      audio.map(({ payload }) => toBuffer(payload)),
    );
    for (const [i, { pts }] of found.audio.entries()) {
      assert.ok(Math.abs(pts - audio[i]!.ptsTicks - TIME_OFFSET_TICKS) <= 1);
    }
    assert.deepEqual(
      found.id3.map(({ pts, data }) => [pts, toBuffer(data)]),
      metadata.map(({ ptsTicks, id3 }) => [ptsTicks + TIME_OFFSET_TICKS, toBuffer(id3)]),
    );
  }
}
