import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { browserStage } from './support/browser-stage.ts';
import { networkOf } from './support/chromium.ts';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { temporaryDirectory } from './support/ivory.ts';
import { pictureClock } from './support/picture-clock.ts';
import { publish, type SourceOptions } from './support/publisher.ts';
import { realTimeTest } from './support/real-time.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { assertUninterrupted } from './support/steadiness.ts';

const { ivory, chromium } = await browserStage();

realTimeTest(
  'hls.js with settings as they come plays 720p in low-latency mode, steadily, less than 2.5 s behind',
  async (t) => {
    const clock = pictureClock();
    const channel = await ivory.createChannel();
    // The clock is read at a width of 640 and scaled with the picture: a column stays a column.
    const videoFilter = `${clock.videoFilter},scale=1280:720:flags=neighbor`;
    await using _encoder = publish(channel.rtmpUrl, { videoFilter });
    await ivory.untilLive(channel.arn);
    // hls.js keeps the latency that it starts with, and a browser's first page starts slowly: it compiles hls.js.
    {
      await using warmUp = await chromium.playHls(channel.playbackUrl);
      await warmUp.untilPlaying();
    }
    await using viewer = await chromium.playHls(channel.playbackUrl, clock.reader);
    await viewer.untilSteady();
    const reports = await viewer.watch(20);
    assertUninterrupted(reports);
    const last = reports.at(-1)!;
    const { latencySeconds, programDelaySeconds, pictureDelaySeconds = Number.NaN } = last;
    t.diagnostic(
      `behind the playlist ${latencySeconds.toFixed(2)} s, the encoder ${programDelaySeconds.toFixed(2)} s, the picture ${pictureDelaySeconds.toFixed(2)} s`,
    );
    assert.equal(last.isLowLatency, true);
    assert.deepEqual([last.width, last.height], [1280, 720]);
    assert.ok(latencySeconds < 2.5, `hls.latency is ${latencySeconds}`);
    assert.ok(pictureDelaySeconds < 2.5, `the picture is ${pictureDelaySeconds} s old`);
    // Program date time is the truth: off by the encoder's time and a frame on the screen.
    assert.ok(Math.abs(pictureDelaySeconds - programDelaySeconds) < 0.3);
  },
);

// hls.js 1.7.4 takes media sequence number 0 for none, and loaded the parts of the first segment over and over: whoever came
// in the first seconds of a stream stalled, and stayed 4.5 s behind.
realTimeTest(
  'hls.js that waits for the stream to begin plays from its first segment without a stall',
  async () => {
    const channel = await ivory.createChannel();
    await using _encoder = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
    await using viewer = await chromium.playHls(channel.playbackUrl);
    const first = await viewer.untilSteady();
    assert.ok(first.mediaSeconds < 3, 'it came in the first segment');
    const reports = await viewer.watch(6);
    assertUninterrupted(reports);
    assert.deepEqual(reports.at(-1)!.errors, []);
  },
);

const KINDS: readonly { name: string; source: SourceOptions; isNormalLatency?: boolean }[] = [
  { name: 'B-frames', source: { bFrames: 3 } },
  { name: 'mono at 44.1 kHz', source: { audio: { sampleRate: 44_100, channels: 1 } } },
  { name: 'no audio', source: { audio: 'none' } },
  { name: 'a portrait picture', source: { size: '360x640' } },
  {
    name: 'a variable frame rate',
    source: { videoFilter: "select='not(between(mod(n,37),5,9))*not(eq(mod(n,11),3))'" },
  },
  { name: 'latency mode NORMAL', source: {}, isNormalLatency: true },
];

for (const { name, source, isNormalLatency = false } of KINDS) {
  realTimeTest(`hls.js plays ${name} steadily`, async (t) => {
    const channel = await ivory.createChannel(isNormalLatency ? { latencyMode: 'NORMAL' } : {});
    await using _encoder = publish(channel.rtmpUrl, source);
    await ivory.untilLive(channel.arn);
    await using viewer = await chromium.playHls(channel.playbackUrl);
    await viewer.untilSteady();
    const reports = await viewer.watch(6);
    assertUninterrupted(reports);
    const last = reports.at(-1)!;
    t.diagnostic(`${last.programDelaySeconds.toFixed(2)} s behind the encoder`);
    assert.deepEqual(last.errors, [], 'nor did it wait at the start');
    assert.equal(last.isLowLatency, !isNormalLatency);
    const { size = '640x360' } = source;
    assert.equal(`${last.width}x${last.height}`, size);
  });
}

realTimeTest('hls.js plays on when the encoder changes the resolution in mid-stream', async () => {
  await using directory = await temporaryDirectory();
  const encode = (name: string, size: string) =>
    encodeSource(path.join(directory.path, name), { size, durationSeconds: 8 });
  const files = [await encode('small.flv', '640x360'), await encode('large.flv', '960x540')];
  const channel = await ivory.createChannel();
  await using encoder = await RtmpClient.connect(ivory.rtmpPort);
  await encoder.publish(channel.streamKey);
  const published = (async () => {
    for (const [i, file] of files.entries()) {
      await replay(encoder, flvTags(await readFile(file)), { shiftMs: i * 8000 });
    }
  })();
  await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playHls(channel.playbackUrl);
  await viewer.untilSteady();
  await viewer.until('the larger picture', ({ width, height }) => width === 960 && height === 540);
  assertUninterrupted(await viewer.watch(3));
  await published;
});

realTimeTest(
  'hls.js plays on without a fatal error when the encoder is killed and another comes',
  async (t) => {
    const channel = await ivory.createChannel();
    await using lost = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
    await using viewer = await chromium.playHls(channel.playbackUrl);
    await viewer.untilSteady();
    await lost.kill();
    const stalled = await viewer.until('the buffer to run dry', ({ errors }) => errors.length > 0);
    await using _encoder = publish(channel.rtmpUrl, { size: '960x540' });
    await viewer.until(
      'the picture of the other encoder',
      ({ width, mediaSeconds }) => width === 960 && mediaSeconds > stalled.mediaSeconds + 1,
    );
    const reports = await viewer.watch(4);
    assertUninterrupted(reports);
    const last = reports.at(-1)!;
    t.diagnostic(`${last.programDelaySeconds.toFixed(2)} s behind the encoder after the change`);
    assert.deepEqual(
      last.errors.filter(({ isFatal }) => isFatal),
      [],
    );
    assert.ok(last.programDelaySeconds < 4);
  },
);

// Encoders stop where they stop: here the sound ends before the last part, which is all picture.
// The last part is 0.16 s long. hls.js (1.7.4) never loads one that a playlist names in the two milliseconds in which it parses the
// part before: a part of 33 ms, with 40 ms of network, is named just then.
test('hls.js ends when the stream does, though the sound ends before the picture', async () => {
  await using directory = await temporaryDirectory();
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { durationSeconds: 5 });
  const tags = [...flvTags(await readFile(file))].filter(
    ({ kind, timestampMs }) => timestampMs < (kind === 'video' ? 4760 : 4560),
  );
  const channel = await ivory.createChannel();
  await using encoder = await RtmpClient.connect(ivory.rtmpPort);
  await encoder.publish(channel.streamKey);
  const published = replay(encoder, tags).then(() => encoder.unpublish(channel.streamKey));
  await ivory.untilLive(channel.arn);
  const ends = [0, 40].map(async (latencyMs) => {
    await using viewer = await chromium.playHls(channel.playbackUrl);
    const limit = await networkOf(viewer.page);
    await limit({ latencyMs });
    await published;
    const { errors } = await viewer.until('the end', ({ isEnded }) => isEnded);
    return errors.filter(({ isFatal }) => isFatal);
  });
  assert.deepEqual((await Promise.all(ends)).flat(), []);
});
