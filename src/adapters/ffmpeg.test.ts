import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../../test/support/until.ts';
import type { RenditionPlan } from '../domain/ladder.ts';
import { silentLogger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { jpegSize } from '../protocols/codecs/jpeg.ts';
import { LadderTranscoder, type TranscodeTrouble } from '../transcode/ladder-transcoder.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';
import type { TranscoderListener } from '../transcode/ports.ts';
import { RecordingSink } from '../transcode/testing/recording-sink.ts';
import {
  later,
  presentedMs,
  type SourceStream,
  sourceStream,
} from '../transcode/testing/source-stream.ts';
import { cpuSecondsOf, Ffmpeg, type FfmpegChild, ffmpegFeatures, findFfmpeg } from './ffmpeg.ts';
import { systemClock } from './system.ts';

test('an ffmpeg is not told the keys of Ivory', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-ffmpeg-'));
  t.after(() => rm(directory, { recursive: true }));
  const command = join(directory, 'ffmpeg');
  await writeFile(command, `#!/bin/sh\nenv >${directory}/env\n`, { mode: 0o755 });
  process.env['IVORY_ROOT_SECRET_ACCESS_KEY'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'hunter2';
  process.env['LIBVA_DRIVER_NAME'] = 'iHD';
  t.after(() => {
    delete process.env['IVORY_ROOT_SECRET_ACCESS_KEY'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    delete process.env['LIBVA_DRIVER_NAME'];
  });
  const features = { version: '', encoderTimeBase: '-1', encoders: new Set<string>() } as const;
  const ffmpeg = new Ffmpeg(command, features, silentLogger);
  const exited = Promise.withResolvers<unknown>();
  ffmpeg.start([], 0, { exited: exited.resolve } as unknown as TranscoderListener);
  await exited.promise;
  const environment = await readFile(join(directory, 'env'), 'utf8');
  assert.match(environment, /^LIBVA_DRIVER_NAME=iHD$/m);
  assert.doesNotMatch(environment, /hunter2/);
});

const RENDITIONS: readonly RenditionPlan[] = [
  {
    name: '160p60',
    video: { width: 284, height: 160, keepOneFrameIn: 1, framesPerSecond: 60, bitrateBps: 300_000 },
    audio: 'source',
  },
  {
    name: '80p30',
    video: {
      width: 142,
      height: 80,
      keepOneFrameIn: 2,
      framesPerSecond: 30,
      bitrateBps: 100_000,
      maxKeyframeIntervalSeconds: 1,
    },
    audio: { bitrateBps: 48_000 },
  },
  { name: 'copy', video: 'source', audio: { bitrateBps: 48_000 } },
  { name: 'audio_only', video: undefined, audio: { bitrateBps: 64_000 } },
];

/** Remembers the children, to do them harm. */
async function setUp(renditions = RENDITIONS) {
  const ffmpeg = await findFfmpeg(silentLogger);
  const children: FfmpegChild[] = [];
  const factory: Pick<Ffmpeg, 'features' | 'start'> = {
    features: ffmpeg.features,
    start(...started) {
      const child = ffmpeg.start(...started);
      children.push(child);
      return child;
    },
  };
  const sinks = new Map(renditions.map(({ name }) => [name, new RecordingSink()]));
  const troubles: TranscodeTrouble[] = [];
  const thumbnails: Uint8Array[] = [];
  const transcoder = new LadderTranscoder({
    sinks,
    thumbnails: { intervalSeconds: 2, onThumbnail: (jpeg) => thumbnails.push(jpeg) },
    encoder: { encoder: 'libx264' },
    factory,
    payloads: new SlabPool(),
    clock: systemClock,
    log: silentLogger,
    onTrouble: (trouble) => troubles.push(trouble),
  });
  transcoder.plan(renditions);
  const sink = (name: string) => sinks.get(name)!;
  return { transcoder, children, troubles, thumbnails, sink };
}

const timeMs = (frame: Frame) => frame.dtsTicks / (frame.kind === 'video' ? 90 : 48);

/** Sends frames no faster than they are encoded, which the encoder of a live stream never does. */
async function feed(
  transcoder: LadderTranscoder,
  { frames }: SourceStream,
  isTaken: (sentMs: number) => boolean,
): Promise<void> {
  for (const frame of frames) {
    while (!isTaken(timeMs(frame))) await delay(2);
    transcoder.frame(frame);
  }
}

/** No more than a second ahead of what has come out. */
const keepUp = (sink: RecordingSink) => (sentMs: number) => {
  const [last] = sink.frames('video').slice(-1);
  return sentMs < 1_000 || (last !== undefined && sentMs - timeMs(last) < 1_000);
};

const keyframesMs = (frames: readonly Frame[]) =>
  presentedMs(frames.filter(({ isKeyframe }) => isKeyframe));

const isAlive = (pid: number) => {
  try {
    // Field 3 of proc(5): a zombie is not alive.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};

test('every rendition has the times and keyframes of a source with B-frames and irregular keyframes', async () => {
  const source = await sourceStream({
    seconds: 6,
    framesPerSecond: 60,
    keyframesAt: '0,0.5,0.7,1.55,3.05,5',
  });
  const { transcoder, sink, thumbnails, troubles } = await setUp();
  transcoder.tracks(source.tracks);
  await feed(transcoder, source, keepUp(sink('160p60')));
  assert.ok(transcoder.cpuSeconds() > 0 || process.platform !== 'linux');
  await transcoder.close();
  const times = presentedMs(source.frames);
  const keyframes = keyframesMs(source.frames);
  assert.deepEqual(keyframes.length, 6);

  const full = sink('160p60');
  assert.deepEqual(presentedMs(full.frames('video')), times);
  assert.deepEqual(keyframesMs(full.frames('video')), keyframes);
  assert.ok(full.frames('video').every(({ ctsOffsetTicks }) => ctsOffsetTicks === 0));
  const { video } = full.lastTracks!;
  assert.deepEqual([video.width, video.height, video.profile], [284, 160, 'Main']);
  // The source's own sound, to the sample, from the first picture on.
  const sourceSound = source.frames.filter(({ kind }) => kind === 'audio');
  const sound = full.frames('audio');
  assert.deepEqual(
    sound.map(({ dtsTicks, payload }) => [dtsTicks, Buffer.from(payload).toString('hex')]),
    sourceSound
      .filter((frame) => timeMs(frame) >= times[0]!)
      .map(({ dtsTicks, payload }) => [dtsTicks, Buffer.from(payload).toString('hex')]),
  );

  const half = sink('80p30').frames('video');
  const halfTimes = new Set(presentedMs(half));
  assert.ok([...halfTimes].every((time) => times.includes(time)));
  assert.ok(keyframes.every((time) => keyframesMs(half).includes(time)));
  assert.ok(Math.abs(half.length - times.length / 2) <= keyframes.length);
  // Three of the gaps between the source's keyframes are longer than a second.
  const steps = keyframesMs(half).map((time, i, all) => time - (all[i - 1] ?? time));
  assert.ok(Math.max(...steps) <= 1_034, String(steps));

  const copy = sink('copy').frames('video');
  assert.deepEqual(
    copy.map(({ dtsTicks, ctsOffsetTicks }) => [dtsTicks, ctsOffsetTicks]),
    source.frames
      .filter(({ kind }) => kind === 'video')
      .map(({ dtsTicks, ctsOffsetTicks }) => [dtsTicks, ctsOffsetTicks]),
  );

  const only = sink('audio_only');
  assert.match(only.story, /^ta+$/);
  for (const frames of [only.frames('audio'), sink('80p30').frames('audio')]) {
    assert.ok(frames.slice(1).every(({ dtsTicks }, i) => dtsTicks - frames[i]!.dtsTicks === 1024));
    const endMs = timeMs(frames.at(-1)!);
    assert.ok(Math.abs(endMs - timeMs(sourceSound.at(-1)!)) < 45, `${endMs}`);
  }

  assert.equal(thumbnails.length, 3);
  assert.deepEqual([...thumbnails[0]!.subarray(0, 2)], [0xff, 0xd8]);
  assert.deepEqual(troubles, []);
});

// ffmpeg takes no recovery point for a keyframe at which the picture is not whole for who starts there: behind the first segment
// of such a source no other rendition had any.
test('every rendition has a keyframe where intra refresh begins to renew the picture', async () => {
  const source = await sourceStream({ seconds: 4, framesPerSecond: 60, intraRefreshFrames: 60 });
  const { transcoder, sink } = await setUp(RENDITIONS.slice(0, 2));
  transcoder.tracks(source.tracks);
  await feed(transcoder, source, keepUp(sink('160p60')));
  await transcoder.close();
  const keyframes = keyframesMs(source.frames);
  assert.ok(keyframes.length > 2, String(keyframes));
  assert.deepEqual(presentedMs(sink('160p60').frames('video')), presentedMs(source.frames));
  assert.deepEqual(keyframesMs(sink('160p60').frames('video')), keyframes);
  const half = keyframesMs(sink('80p30').frames('video'));
  assert.ok(
    keyframes.every((ms) => half.includes(ms)),
    String(half),
  );
});

test('a killed ffmpeg is back within two groups of pictures, after one discontinuity', async () => {
  const source = await sourceStream({ seconds: 5, hasAudio: false });
  const { transcoder, children, troubles, sink } = await setUp(RENDITIONS.slice(0, 2));
  const full = sink('160p60');
  transcoder.tracks(source.tracks);
  let killedAtMs: number | undefined;
  await feed(transcoder, source, (sentMs) => {
    if (sentMs >= 1_500 && killedAtMs === undefined) {
      killedAtMs = sentMs;
      process.kill(children[0]!.pid!, 'SIGKILL');
    }
    // A live encoder goes on; here it waits until the death was noticed.
    return killedAtMs === undefined ? keepUp(full)(sentMs) : troubles.length === 1;
  });
  await transcoder.close();
  assert.deepEqual(troubles[0], {
    kind: 'died',
    exitCode: undefined,
    signal: 'SIGKILL',
    lastErrorLine: undefined,
  });
  assert.equal(children.length, 2);
  for (const name of ['160p60', '80p30']) {
    const { story } = sink(name);
    assert.match(story, /^tKv[Kv]*dKv[Kv]*$/);
  }
  const back = full.calls.slice(full.calls.findIndex(({ kind }) => kind === 'discontinuity') + 1);
  const first = back.find((call) => call.kind === 'frame')!;
  assert.ok(first.kind === 'frame' && timeMs(first.frame) - killedAtMs! <= 2_000);
  assert.ok(children.every(({ pid }) => !isAlive(pid!)));
});

test('a stopped ffmpeg costs whole groups of pictures, and never the time of who feeds it', async () => {
  const source = await sourceStream({ seconds: 8, hasAudio: false });
  const { transcoder, children, troubles, sink } = await setUp(RENDITIONS.slice(0, 1));
  const full = sink('160p60');
  transcoder.tracks(source.tracks);
  await feed(transcoder, { ...source, frames: source.frames.slice(0, 15) }, () => true);
  await full.until(({ calls }) => calls.length > 5);
  const [child] = children;
  process.kill(child!.pid!, 'SIGSTOP');
  // 20 MB: more than may be queued.
  const loud = (byteLength: number) => (frame: Frame) => ({
    ...frame,
    payload: Buffer.concat([frame.payload, fillerNalUnit(byteLength)]),
  });
  const startedMs = performance.now();
  const rest = source.frames.slice(15).map(loud(100_000));
  for (const frame of rest) {
    transcoder.frame(frame);
    await new Promise(setImmediate);
  }
  const fedInMs = performance.now() - startedMs;
  process.kill(child!.pid!, 'SIGCONT');
  await transcoder.close();
  assert.ok(fedInMs < 1_500, `${fedInMs} ms`);
  const gaps = troubles.filter((trouble) => trouble.kind === 'fell-behind');
  assert.equal(gaps.length, troubles.length);
  const droppedFrames = gaps.reduce((sum, gap) => sum + gap.droppedFrames, 0);
  assert.ok(droppedFrames > 30, `${droppedFrames} dropped frames`);
  assert.match(full.story, /^tK[Kv]+dK[Kv]+$/);
  // Whole groups: what was cut off is the end of one, and it goes on with the beginning of another.
  const back = full.calls[full.calls.findIndex(({ kind }) => kind === 'discontinuity') + 1]!;
  assert.ok(back.kind === 'frame' && keyframesMs(source.frames).includes(timeMs(back.frame)));
  assert.ok(timeMs(back.frame) >= 2_000);
});

/** nal_unit_type 12, filler data, which decoders pass over (ISO 14496-10 7.3.2.7). */
function fillerNalUnit(byteLength: number): Buffer {
  const unit = Buffer.alloc(4 + byteLength, 0xff);
  unit.writeUInt32BE(byteLength);
  unit[4] = 12;
  unit[unit.length - 1] = 0x80;
  return unit;
}

test('another resolution is another ffmpeg, whose frames come after all of the one before', async () => {
  const small = await sourceStream({ seconds: 2, size: '320x240' });
  const large = later(await sourceStream({ seconds: 2 }), 2_100);
  const { transcoder, children, troubles, sink } = await setUp();
  for (const source of [small, large]) {
    transcoder.tracks(source.tracks);
    for (const frame of source.frames) transcoder.frame(frame);
  }
  await sink('160p60').until(({ story }) => /t.*t/.test(story));
  await transcoder.close();
  assert.equal(children.length, 2);
  assert.deepEqual(troubles, []);
  const full = sink('160p60');
  assert.deepEqual(
    presentedMs(full.frames('video')),
    presentedMs([...small.frames, ...large.frames]),
  );
  assert.match(full.story, /^tK[Kva]+tK[Kva]+$/);
  const times = full.frames('video').map(timeMs);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('ffmpeg ends by itself when its parent is killed', async () => {
  const script = fileURLToPath(new URL('../transcode/testing/orphan-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line));
  assert.ok(isAlive(pid));
  parent.kill('SIGKILL');
  await until('the orphan to end', () => !isAlive(pid), { timeoutMs: 5_000 });
});

test('start() tells of a program that is not there as of one that died', async () => {
  const { features } = await findFfmpeg(silentLogger);
  const { Ffmpeg } = await import('./ffmpeg.ts');
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const child = new Ffmpeg('/nowhere/ffmpeg', features, silentLogger).start([], 2, {
    output() {},
    drained() {},
    exited: resolve,
  });
  assert.ok(child.write([Uint8Array.of(1)]));
  assert.match(JSON.stringify(await promise), /cannot start ffmpeg: .*ENOENT/);
  child.kill();
  child.endInput();
});

test('findFfmpeg() says what is wrong', async () => {
  await assert.rejects(findFfmpeg(silentLogger, '/nowhere/ffmpeg'), /cannot run ffmpeg .*ENOENT/);
  await assert.rejects(findFfmpeg(silentLogger, process.execPath), /cannot run ffmpeg/);
});

const VERSION = (name: string, library: string) =>
  `ffmpeg version ${name} Copyright (c) 2000-2026\nlibavutil      57. 28.100 / 57. 28.100\nlibavcodec     ${library} / ${library}\n`;
const ENCODERS = `Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264
 V..... h264_qsv             H.264 (Intel)
 A....D aac                  AAC (Advanced Audio Coding)
`;

test('ffmpegFeatures() reads version and encoders, whatever the build calls itself', () => {
  assert.deepEqual(ffmpegFeatures(VERSION('5.1.9-0+deb12u1', '59. 37.100'), ENCODERS), {
    version: '5.1.9-0+deb12u1',
    encoderTimeBase: '-1',
    encoders: new Set(['libx264', 'h264_qsv', 'aac']),
  });
  const { encoderTimeBase } = ffmpegFeatures(VERSION('N-123456-gabcdef', '61.  3.100'), ENCODERS);
  assert.equal(encoderTimeBase, 'demux');
  assert.throws(() => ffmpegFeatures(VERSION('4.4', '58.134.100'), ENCODERS), /5\.1 is the oldest/);
  assert.throws(() => ffmpegFeatures('v24.21.0\n', ''), /calls itself "v24/);
});

test('cpuSecondsOf() reads user and system time behind any program name', () => {
  const stat = '17 (a) b (c) S 1 17 17 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 9 0 1 2 3';
  assert.equal(cpuSecondsOf(stat), 1.75);
});

test('PictureDecoder makes a JPEG of a keyframe in the size that is asked for', async () => {
  const { tracks, frames } = await sourceStream({ seconds: 1, size: '426x240' });
  const decoder = new PictureDecoder({
    factory: await findFfmpeg(silentLogger),
    clock: systemClock,
    log: silentLogger,
  });
  const keyframe = frames.find(({ isKeyframe, kind }) => kind === 'video' && isKeyframe)!;
  for (const size of [tracks.video, { width: 284, height: 160 }]) {
    const jpeg = await decoder.decode(tracks.video, keyframe, size);
    const { width, height } = size;
    assert.deepEqual(jpegSize(jpeg!), { width, height });
  }
  const broken = { ...keyframe, payload: new Uint8Array(100) };
  assert.equal(await decoder.decode(tracks.video, broken, tracks.video), undefined);
});

test('start() tells of a lack of file descriptors as of a child that died', async () => {
  const program = `
    import { openSync } from 'node:fs';
    import { findFfmpeg } from '${new URL('./ffmpeg.ts', import.meta.url)}';
    import { silentLogger } from '${new URL('../lib/logger.ts', import.meta.url)}';
    const ffmpeg = await findFfmpeg(silentLogger);
    try {
      for (;;) openSync('/dev/null');
    } catch {}
    const child = ffmpeg.start([], 2, {
      output() {},
      drained() {},
      exited: ({ lastErrorLine }) => console.log(lastErrorLine),
    });
    child.write([Uint8Array.of(1)]);
    child.endInput();
    child.kill();
  `;
  const node = spawn(
    'sh',
    ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = await node.stdout.toArray();
  assert.match(String(lines[0]), /^cannot start ffmpeg: .*EMFILE/);
});
