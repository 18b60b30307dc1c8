import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { browserStage } from './support/browser-stage.ts';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { temporaryDirectory } from './support/ivory.ts';
import { pictureClock } from './support/picture-clock.ts';
import { publish } from './support/publisher.ts';
import { realTimeTest } from './support/real-time.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { assertUninterrupted } from './support/steadiness.ts';

// Transport streams, IVS's default, to the players that fragmented MP4 is proved with in browser-hls and browser-ivs-player.

const { ivory, chromium } = await browserStage();

/** Program date time is off the picture by the encoder's time and a frame on the screen. */
const DATE_TOLERANCE_SECONDS = 0.3;

realTimeTest(
  'players play a LOW channel of transport streams in low latency, from parts and from open segments, to the end',
  async (t) => {
    const clock = pictureClock();
    const channel = await ivory.createChannel({ containerFormat: 'TS' });
    await using encoder = publish(channel.rtmpUrl, { videoFilter: clock.videoFilter });
    await ivory.untilLive(channel.arn);
    // hls.js keeps the latency that it starts with, and a browser's first page starts slowly: it compiles hls.js.
    {
      await using warmUp = await chromium.playHls(channel.playbackUrl);
      await warmUp.untilPlaying();
    }
    await using hls = await chromium.playHls(channel.playbackUrl, clock.reader);
    await hls.untilSteady();
    await using ivs = await chromium.playIvs(channel.playbackUrl, clock.reader);
    await ivs.untilSteady();

    const isLessThan2500MsBehind = async () => {
      const reports = await hls.watch(6);
      assertUninterrupted(reports);
      const last = reports.at(-1)!;
      const { latencySeconds, programDelaySeconds, pictureDelaySeconds = Number.NaN } = last;
      t.diagnostic(
        `behind the playlist ${latencySeconds.toFixed(2)} s, the encoder ${programDelaySeconds.toFixed(2)} s, the picture ${pictureDelaySeconds.toFixed(2)} s`,
      );
      assert.equal(last.isLowLatency, true);
      assert.equal(`${last.width}x${last.height}`, '640x360');
      assert.ok(latencySeconds < 2.5, `hls.latency is ${latencySeconds}`);
      assert.ok(pictureDelaySeconds < 2.5, `the picture is ${pictureDelaySeconds} s old`);
      assert.ok(Math.abs(pictureDelaySeconds - programDelaySeconds) < DATE_TOLERANCE_SECONDS);
    };

    const knowsItsLatencyAndHearsEachSegment = async () => {
      const reports = await ivs.watch(6);
      assertUninterrupted(reports);
      const { state, latencySeconds, pictureDelaySeconds, ...last } = reports.at(-1)!;
      t.diagnostic(
        `getLiveLatency() ${latencySeconds.toFixed(2)} s, the picture ${pictureDelaySeconds?.toFixed(2)} s`,
      );
      assert.equal(state, 'Playing');
      assert.equal(last.isLowLatency, true);
      assert.equal(last.quality, '360p');
      assert.ok(latencySeconds > 0 && latencySeconds < 5, `latency is ${latencySeconds}`);
      assert.ok(Math.abs(latencySeconds - (pictureDelaySeconds ?? Number.NaN)) < 0.75);
      const received = last.cues.map(({ text }) => JSON.parse(text).transc_r as number);
      assert.ok(received.length >= Math.floor(last.mediaSeconds / 2));
      for (const [i, atMs] of received.entries()) {
        if (i > 0) assert.ok(Math.abs(atMs - received[i - 1]! - 2000) <= 3, `${received}`);
      }
    };

    const endWithoutAnError = async () => {
      await encoder.stop();
      const [ended] = await Promise.all([
        hls.until('the end', ({ isEnded, isPlayedOut }) => isEnded || isPlayedOut),
        ivs.until('the end', ({ state }) => state === 'Ended'),
      ]);
      assert.deepEqual(
        ended.errors.filter(({ isFatal }) => isFatal),
        [],
      );
      assert.deepEqual((await ivs.report()).errors, []);
    };

    await isLessThan2500MsBehind();
    await knowsItsLatencyAndHearsEachSegment();
    await endWithoutAnError();
  },
);

realTimeTest(
  'players play a NORMAL channel of transport streams, segment by segment',
  async (t) => {
    const channel = await ivory.createChannel({ containerFormat: 'TS', latencyMode: 'NORMAL' });
    await using _encoder = publish(channel.rtmpUrl);
    await ivory.untilLive(channel.arn);
    await using hls = await chromium.playHls(channel.playbackUrl);
    await using ivs = await chromium.playIvs(channel.playbackUrl);
    await Promise.all([hls.untilSteady(30_000), ivs.untilSteady(30_000)]);
    const [hlsReports, ivsReports] = await Promise.all([hls.watch(6), ivs.watch(6)]);
    assertUninterrupted(hlsReports);
    const [hlsLast, ivsLast] = [hlsReports.at(-1)!, ivsReports.at(-1)!];
    t.diagnostic(
      `hls.js ${hlsLast.programDelaySeconds.toFixed(2)} s, the IVS player ${ivsLast.latencySeconds.toFixed(2)} s behind the encoder`,
    );
    assert.deepEqual([hlsLast.isLowLatency, ivsLast.isLowLatency], [false, false]);
    assert.deepEqual(hlsLast.errors, [], 'nor did it wait at the start');
    assert.deepEqual([ivsLast.state, ivsLast.errors], ['Playing', []]);
    assert.ok(ivsLast.mediaSeconds - ivsReports[0]!.mediaSeconds > 5);
  },
);

// Nothing tells a demuxer of a transport stream that the picture changed but the stream itself: tables, SPS, discontinuity flags.
test('players play on when the encoder of a transport stream changes its picture, and when another one takes over', async () => {
  await using directory = await temporaryDirectory();
  const encode = (name: string, size: string) =>
    encodeSource(path.join(directory.path, name), { size, durationSeconds: 5 });
  const files = [await encode('small.flv', '640x360'), await encode('large.flv', '960x540')];
  const channel = await ivory.createChannel({ containerFormat: 'TS' });
  const lost = await RtmpClient.connect(ivory.rtmpPort);
  await lost.publish(channel.streamKey);
  const published = (async () => {
    for (const [i, file] of files.entries()) {
      await replay(lost, flvTags(await readFile(file)), { shiftMs: i * 5000 });
    }
  })();
  await ivory.untilLive(channel.arn);
  await using hls = await chromium.playHls(channel.playbackUrl);
  await using ivs = await chromium.playIvs(channel.playbackUrl);
  const players = [hls, ivs] as const;
  const untilWidth = (width: number) =>
    Promise.all(
      players.map((player) => player.until(`${width}`, (r) => r.width === width, 30_000)),
    );
  await untilWidth(640);
  await untilWidth(960);
  await published;
  await lost[Symbol.asyncDispose]();
  await using _encoder = publish(channel.rtmpUrl, { size: '320x180' });
  const [hlsAt, ivsAt] = (await untilWidth(320)).map(({ mediaSeconds }) => mediaSeconds);
  await hls.until('the other encoder', ({ mediaSeconds }) => mediaSeconds > hlsAt! + 2);
  await ivs.until('the other encoder', ({ mediaSeconds }) => mediaSeconds > ivsAt! + 2);
  const { errors } = await hls.report();
  assert.deepEqual(
    errors.filter(({ isFatal }) => isFatal),
    [],
  );
  assert.deepEqual((await ivs.report()).errors, []);
});
