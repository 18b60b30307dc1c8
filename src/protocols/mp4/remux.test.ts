/** What ffmpeg encoded, muxed by us, is what mediabunny and ffprobe read back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { ffmpeg, ffprobe } from '../../../test/support/ffmpeg.ts';
import { type FlvMedia, type FlvSample, readFlvMedia } from '../../../test/support/flv-file.ts';
import { parseAudioSpecificConfig } from '../codecs/aac.ts';
import { parseAvcDecoderConfiguration } from '../codecs/avc.ts';
import { encodeId3Tag } from '../id3.ts';
import { EventMessageScheme, encodeEventMessage } from './emsg.ts';
import { initSegment } from './init-segment.ts';
import { encodePartHeader } from './media-segment.ts';

const VIDEO_TIMESCALE = 90_000;
const FRAME_TICKS = 3000;
const PART_MS = 200;

const cases: { name: string; args: string[]; compositionShiftTicks?: number }[] = [
  {
    name: 'B-frames, 44.1 kHz mono',
    args: ['-bf', '2', '-g', '15', '-c:a', 'aac', '-ar', '44100', '-ac', '1'],
  },
  {
    name: 'negative composition offsets, 48 kHz stereo',
    args: ['-bf', '2', '-g', '7', '-c:a', 'aac', '-ar', '48000', '-ac', '2'],
    compositionShiftTicks: -6000,
  },
  { name: 'no audio, no B-frames, portrait', args: ['-an', '-bf', '0', '-vf', 'scale=90:160'] },
  { name: 'high 4:2:2 in 96 kHz', args: ['-pix_fmt', 'yuv422p', '-c:a', 'aac', '-ar', '96000'] },
  {
    name: 'variable frame rate',
    args: ['-vf', "select='mod(n,3)'", '-fps_mode', 'vfr', '-an', '-bf', '0'],
  },
];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ivory-remux-'));
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [i, { name, args, compositionShiftTicks = 0 }] of cases.entries()) {
  test(`init segment and parts read back as they went in: ${name}`, async () => {
    const flvPath = join(folder, `${i}.flv`);
    const mp4Path = join(folder, `${i}.mp4`);
    await ffmpeg([
      ...['-f', 'lavfi', '-i', 'testsrc=size=160x90:rate=30:duration=1.5'],
      ...['-f', 'lavfi', '-i', 'sine=duration=1.5'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args, flvPath],
    ]);
    const media = readFlvMedia(await readFile(flvPath));
    const { file, video, audio } = mux(media, compositionShiftTicks);
    await writeFile(mp4Path, file);

    await judgeWithMediabunny(file, media, video, audio);
    await judgeWithFfprobe(mp4Path, video, audio);
    // -xerror: any complaint of the demuxer or the decoder fails.
    await ffmpeg(['-xerror', '-i', mp4Path, '-f', 'null', '-']);
  });
}

interface MuxedSample {
  readonly dtsTicks: number;
  readonly durationTicks: number;
  readonly compositionOffsetTicks: number;
  readonly isSync: boolean;
  readonly byteLength: number;
  readonly payload: Uint8Array;
}

function mux(media: FlvMedia, compositionShiftTicks: number) {
  const avc = parseAvcDecoderConfiguration(media.avcDecoderConfiguration!);
  const video = withDurations(
    media.video.map((sample) => ({
      ...timeless(sample),
      dtsTicks: onFrameGrid(sample.dtsMs),
      compositionOffsetTicks: onFrameGrid(sample.compositionOffsetMs) + compositionShiftTicks,
    })),
  );
  const videoHeader = {
    trackId: 1,
    timescale: VIDEO_TIMESCALE,
    width: avc.width,
    height: avc.height,
    decoderConfiguration: media.avcDecoderConfiguration!,
  };
  if (media.audioSpecificConfig === undefined) {
    const header = initSegment({ video: videoHeader });
    return { file: Buffer.concat([header, ...parts(video, [], 1)]), video, audio: [] };
  }
  const aac = parseAudioSpecificConfig(media.audioSpecificConfig);
  const audio = withDurations(
    media.audio.map((sample, n) => ({
      ...timeless(sample),
      dtsTicks: n * aac.samplesPerFrame,
      compositionOffsetTicks: 0,
    })),
  );
  const header = initSegment({
    video: videoHeader,
    audio: {
      trackId: 2,
      timescale: aac.sampleRate,
      sampleRate: aac.sampleRate,
      channelCount: aac.channelCount,
      decoderConfiguration: media.audioSpecificConfig,
    },
  });
  return { file: Buffer.concat([header, ...parts(video, audio, aac.sampleRate)]), video, audio };
}

/** FLV rounds to milliseconds: undone, so that a duration is the same in decoding and in presentation order. */
const onFrameGrid = (ms: number) => Math.round((ms * 90) / FRAME_TICKS) * FRAME_TICKS;

const timeless = ({ payload, isSync }: FlvSample) => ({
  payload,
  isSync,
  byteLength: payload.byteLength,
});

function withDurations(samples: readonly Omit<MuxedSample, 'durationTicks'>[]): MuxedSample[] {
  return samples.map((sample, i) => {
    const from = i + 1 < samples.length ? i : i - 1;
    return {
      ...sample,
      durationTicks: samples[from + 1]!.dtsTicks - samples[from]!.dtsTicks,
    };
  });
}

/** Cut every 200 ms of decoding time, an `emsg` before the first. */
function* parts(video: MuxedSample[], audio: MuxedSample[], audioTimescale: number) {
  yield encodeEventMessage({
    schemeIdUri: EventMessageScheme.twitchId3,
    value: '',
    timescale: VIDEO_TIMESCALE,
    time: { presentationTimeDeltaTicks: 0 },
    eventDurationTicks: 0,
    id: 1,
    messageData: encodeId3Tag([{ kind: 'TXXX', description: 'segmentmetadata', value: '{}' }]),
  });
  const inPart = (samples: MuxedSample[], timescale: number, part: number) =>
    samples.filter(({ dtsTicks }) => Math.floor((dtsTicks * 1000) / timescale / PART_MS) === part);
  const partCount = Math.ceil(video.at(-1)!.dtsTicks / (VIDEO_TIMESCALE / 1000) / PART_MS) + 1;
  for (let part = 0; part < partCount; part++) {
    const tracks = [
      { trackId: 1, samples: inPart(video, VIDEO_TIMESCALE, part) },
      { trackId: 2, samples: inPart(audio, audioTimescale, part) },
    ].map((track) => ({
      ...track,
      baseMediaDecodeTimeTicks: track.samples[0]?.dtsTicks ?? 0,
    }));
    if (tracks.every(({ samples }) => samples.length === 0)) continue;
    yield encodePartHeader({ sequenceNumber: part + 1, tracks });
    for (const { samples } of tracks) yield* samples.map(({ payload }) => payload);
  }
}

async function judgeWithMediabunny(
  file: Uint8Array,
  media: FlvMedia,
  video: MuxedSample[],
  audio: MuxedSample[],
) {
  using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
  const videoTrack = (await input.getPrimaryVideoTrack())!;
  const avc = parseAvcDecoderConfiguration(media.avcDecoderConfiguration!);
  const parameter = await videoTrack.getCodecParameterString();
  assert.equal(parameter?.toUpperCase(), avc.codecString.toUpperCase());
  const judged = [{ track: videoTrack as never, samples: video, timescale: VIDEO_TIMESCALE }];
  const audioTrack = await input.getPrimaryAudioTrack();
  if (audio.length > 0) {
    const aac = parseAudioSpecificConfig(media.audioSpecificConfig!);
    assert.equal(await audioTrack!.getCodecParameterString(), aac.codecString);
    judged.push({ track: audioTrack as never, samples: audio, timescale: aac.sampleRate });
  }
  for (const { track, samples, timescale } of judged) {
    const packets = [];
    for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
    assert.equal(packets.length, samples.length);
    for (const [i, packet] of packets.entries()) {
      const expected = samples[i]!;
      const ptsTicks = expected.dtsTicks + expected.compositionOffsetTicks;
      assert.equal(Math.round(packet.timestamp * timescale), ptsTicks);
      assert.equal(Math.round(packet.duration * timescale), expected.durationTicks);
      assert.equal(packet.type === 'key', expected.isSync);
      assert.deepEqual(Buffer.from(packet.data), Buffer.from(expected.payload));
    }
  }
}

async function judgeWithFfprobe(path: string, video: MuxedSample[], audio: MuxedSample[]) {
  const { packets } = await ffprobe(path, ['-show_packets', '-show_data_hash', 'sha256']);
  for (const [index, samples] of [video, audio].entries()) {
    // ffprobe moves a whole track later, until none of its samples is shown before it is decoded.
    const shift = -Math.min(0, ...samples.map((sample) => sample.compositionOffsetTicks));
    assert.deepEqual(
      packets
        .filter(({ stream_index }) => stream_index === index)
        .map((packet) => [
          packet.dts,
          packet.pts,
          // Of video, ffprobe tells the frame rate's.
          index === 0 ? undefined : packet.duration,
          packet.flags.startsWith('K'),
          packet.data_hash,
        ]),
      samples.map((sample) => [
        sample.dtsTicks,
        sample.dtsTicks + sample.compositionOffsetTicks + shift,
        index === 0 ? undefined : sample.durationTicks,
        sample.isSync,
        `SHA256:${createHash('sha256').update(sample.payload).digest('hex')}`,
      ]),
    );
  }
}
