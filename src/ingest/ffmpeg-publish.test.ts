import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { generate } from 'selfsigned';
import {
  ffmpeg,
  ffprobe,
  type ProbedPacket,
  type ProbedStream,
} from '../../test/support/ffmpeg.ts';
import { readFlvMedia } from '../../test/support/flv-file.ts';
import { hasGstreamer, runEncoder, runFfmpeg } from './testing/encoder-process.ts';
import { ListeningServer } from './testing/listening-server.ts';
import type { RecordingPublication } from './testing/recording-publication.ts';

const VIDEO = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50'];
const AUDIO = ['-c:a', 'aac', '-b:a', '96k'];
const TONE = ['-f', 'lavfi', '-i', 'sine'];

/** An FLV file of ffmpeg's making, to publish as it is and to ask ffprobe about. */
async function makeClip(folder: string, args: readonly string[]): Promise<string> {
  const file = path.join(folder, 'clip.flv');
  await ffmpeg([...args, '-t', '4', '-f', 'flv', '-flvflags', 'no_duration_filesize', file]);
  return file;
}

async function publishAndCompare(args: readonly string[], tls = false): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ivory-ingest-'));
  try {
    const clip = await makeClip(folder, args);
    await using ivory = new ListeningServer();
    const pems = tls ? await generate([{ name: 'commonName', value: 'localhost' }]) : undefined;
    const port = await ivory.listen(pems && { cert: pems.cert, key: pems.private });
    const url = `${tls ? 'rtmps' : 'rtmp'}://127.0.0.1:${port}/app/sk_test`;
    const { stderr } = await runFfmpeg(['-copyts', '-i', clip, '-c', 'copy', '-f', 'flv', url]);
    assert.equal(stderr, '');
    const publication = await ivory.published.promise;
    assert.deepEqual(await publication.ended.promise, { kind: 'unpublished' });
    await compare(publication, clip);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Frame by frame, what came out is what ffprobe and the file's own tags say went in. */
async function compare(publication: RecordingPublication, clip: string): Promise<void> {
  const report = await ffprobe(clip, ['-show_packets', '-show_streams']);
  const packets = report.packets as (ProbedPacket & { codec_type: string; size: string })[];
  const streams = report.streams as (ProbedStream & { codec_type: string })[];
  const ofType = (type: string) => packets.filter(({ codec_type }) => codec_type === type);
  const zeroMs = Number(ofType('video')[0]?.dts);
  assert.deepEqual(
    publication.video.map(({ dtsTicks, ctsOffsetTicks, isKeyframe, payload }) => ({
      dtsMs: dtsTicks / 90,
      ptsMs: (dtsTicks + ctsOffsetTicks) / 90,
      isKeyframe,
      byteLength: payload.byteLength,
    })),
    ofType('video').map(({ dts, pts, flags, size }) => ({
      dtsMs: Number(dts) - zeroMs,
      ptsMs: Number(pts) - zeroMs,
      isKeyframe: String(flags).startsWith('K'),
      byteLength: Number(size),
    })),
  );
  const media = readFlvMedia(await readFile(clip));
  assert.ok(
    publication.video.every(
      ({ payload }, i) => Buffer.compare(payload, media.video[i]?.payload ?? Buffer.of()) === 0,
    ),
  );

  const [tracks] = publication.announced;
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  assert.equal(publication.announced.length, 1);
  assert.equal(tracks?.video.width, video?.width);
  assert.equal(tracks?.video.height, video?.height);
  const audio = streams.find(({ codec_type }) => codec_type === 'audio');
  assert.equal(tracks?.audio?.sampleRate, audio && Number(audio.sample_rate));
  assert.equal(tracks?.audio?.channelCount, audio?.channels);

  // Audio is counted in samples: within a frame of its rounded timestamp.
  const expected = ofType('audio').filter(({ dts }) => Number(dts) >= zeroMs);
  assert.equal(publication.audio.length, expected.length);
  for (const [i, { dtsTicks, payload }] of publication.audio.entries()) {
    const offMs =
      (dtsTicks * 1000) / Number(audio?.sample_rate) - (Number(expected[i]?.dts) - zeroMs);
    assert.ok(Math.abs(offMs) <= 2, `audio frame ${i} is ${offMs} ms off`);
    assert.equal(payload.byteLength, Number(expected[i]?.size));
  }
}

const source = (video: string) => ['-f', 'lavfi', '-i', video];

const clips: [string, string[]][] = [
  [
    'two B-frames and 48 kHz stereo',
    [
      ...source('testsrc=r=30:s=320x180'),
      ...TONE,
      ...VIDEO,
      '-bf',
      '2',
      ...AUDIO,
      '-ar',
      '48000',
      '-ac',
      '2',
    ],
  ],
  [
    'mono at 44.1 kHz and a portrait picture',
    [...source('testsrc=r=25:s=180x320'), ...TONE, ...VIDEO, ...AUDIO, '-ar', '44100', '-ac', '1'],
  ],
  ['no audio', [...source('testsrc=r=30:s=320x180'), ...VIDEO]],
  [
    'a variable frame rate',
    [
      ...source("testsrc=r=60:s=320x180,select='mod(floor(n/7)\\,2)+not(mod(n\\,5))'"),
      ...TONE,
      ...VIDEO,
      '-fps_mode',
      'vfr',
      ...AUDIO,
    ],
  ],
];

for (const [what, args] of clips) {
  test(`frames are what ffprobe says when ffmpeg publishes ${what}`, () => publishAndCompare(args));
}

test('frames are what ffprobe says when ffmpeg publishes over RTMPS', () =>
  publishAndCompare([...source('testsrc=r=30:s=320x180'), ...TONE, ...VIDEO, ...AUDIO], true));

test('ffmpeg shows the reason when its publish is refused', async () => {
  await using ivory = new ListeningServer();
  ivory.decide = () => ({ accepted: false, refusal: 'unknown-stream-key' });
  const url = `rtmp://127.0.0.1:${await ivory.listen()}/app/sk_wrong`;
  const { exitCode, stderr } = await runFfmpeg([...source('testsrc'), ...VIDEO, '-f', 'flv', url]);
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /Server error: The stream key is not valid/);
});

test('ffmpeg ends with the reason when it is disconnected in mid-stream', async () => {
  await using ivory = new ListeningServer();
  const url = `rtmp://127.0.0.1:${await ivory.listen()}/app/sk_test`;
  const run = runFfmpeg(['-re', ...source('testsrc=r=30'), ...VIDEO, '-f', 'flv', url]);
  const publication = await ivory.published.promise;
  ivory.requests[0]?.disconnect('stopped-by-api');
  const { exitCode, stderr } = await run;
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /Server error: The stream was stopped/);
  assert.deepEqual(publication.ends, [{ kind: 'disconnected', reason: 'stopped-by-api' }]);
});

test('a stream of audio only is rejected when ffmpeg publishes it', async () => {
  await using ivory = new ListeningServer();
  const url = `rtmp://127.0.0.1:${await ivory.listen()}/app/sk_test`;
  await runFfmpeg([...TONE, '-t', '10', ...AUDIO, '-f', 'flv', url]);
  const [end] = ivory.publications[0]?.ends ?? [];
  assert.ok(end?.kind === 'rejected' && end.code === 'audio-only');
});

test('a codec that is not H.264 is rejected by name when ffmpeg publishes it', async () => {
  await using ivory = new ListeningServer();
  const url = `rtmp://127.0.0.1:${await ivory.listen()}/app/sk_test`;
  await runFfmpeg([...source('testsrc=s=320x180'), '-t', '1', '-c:v', 'flv1', '-f', 'flv', url]);
  const [end] = ivory.publications[0]?.ends ?? [];
  assert.ok(end?.kind === 'rejected' && end.detail.includes('Sorenson H.263'));
});

for (const [sink, location] of [
  ['rtmp2sink', (url: string) => url],
  ['rtmpsink', (url: string) => `${url} live=1`],
] as const) {
  const isThere = hasGstreamer(sink, 'x264enc', 'voaacenc', 'flvmux');
  test(`all frames arrive when GStreamer publishes with ${sink}`, { skip: !isThere }, async () => {
    await using ivory = new ListeningServer();
    const url = `rtmp://127.0.0.1:${await ivory.listen()}/app/sk_test`;
    const pipeline = `videotestsrc num-buffers=60 ! video/x-raw,format=I420,framerate=30/1
      ! x264enc key-int-max=30 speed-preset=ultrafast tune=zerolatency ! flvmux streamable=true name=mux
      audiotestsrc num-buffers=88 ! audioconvert ! voaacenc ! mux.  mux. ! ${sink}`;
    const args = ['-q', ...pipeline.split(/\s+/), `location=${location(url)}`, 'sync=false'];
    const { exitCode, stderr } = await runEncoder('gst-launch-1.0', args);
    assert.equal(exitCode, 0, stderr);
    const publication = await ivory.published.promise;
    assert.deepEqual(await publication.ended.promise, { kind: 'unpublished' });
    assert.equal(publication.video.length, 60);
    assert.deepEqual(
      publication.video.flatMap(({ isKeyframe }, i) => (isKeyframe ? [i] : [])),
      [0, 30],
    );
    assert.ok(publication.audio.length >= 86, `${publication.audio.length} audio frames`);
  });
}
