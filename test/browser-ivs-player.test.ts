import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserStage } from './support/browser-stage.ts';
import { pictureClock } from './support/picture-clock.ts';
import { publish } from './support/publisher.ts';
import { inRealTime, realTimeTest } from './support/real-time.ts';

const { ivory, chromium } = await browserStage();

// Apple's low-latency tags stand beside the prefetch lines in the same playlist: this is also the proof that they do no harm.
test('the IVS player plays a LOW channel in its low latency, through a lost encoder, to the end', async (t) => {
  const clock = pictureClock();
  const channel = await ivory.createChannel();
  await using lost = publish(channel.rtmpUrl, { videoFilter: clock.videoFilter });
  await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playIvs(channel.playbackUrl, clock.reader);

  await t.test(
    'it plays steadily and knows how far behind it is',
    inRealTime(async (t) => {
      await viewer.untilPlaying();
      const reports = await viewer.watch(10);
      const [first, last] = [reports[0]!, reports.at(-1)!];
      const { latencySeconds, pictureDelaySeconds = Number.NaN } = last;
      t.diagnostic(
        `getLiveLatency() ${latencySeconds.toFixed(2)} s, the picture ${pictureDelaySeconds.toFixed(2)} s`,
      );
      assert.equal(last.state, 'Playing');
      assert.deepEqual(last.errors, []);
      assert.equal(last.isLowLatency, true);
      assert.equal(last.quality, '360p');
      const advance = last.mediaSeconds - first.mediaSeconds - (last.atMs - first.atMs) / 1000;
      assert.ok(Math.abs(advance) < 1, JSON.stringify(reports.map((r) => r.mediaSeconds)));
      assert.ok(latencySeconds > 0 && latencySeconds < 5, `latency is ${latencySeconds}`);
      assert.ok(Math.abs(latencySeconds - pictureDelaySeconds) < 0.75);
    }),
  );

  await t.test('it hears the metadata of each segment', async () => {
    const { cues, mediaSeconds } = await viewer.report();
    assert.ok(cues.length >= Math.floor(mediaSeconds / 2));
    for (const { owner, text } of cues) {
      assert.equal(owner, 'segmentmetadata');
      const { transc_r, transc_s } = JSON.parse(text);
      assert.ok(transc_r <= transc_s && transc_s - transc_r < 2000, text);
    }
    const received = cues.map(({ text }) => JSON.parse(text).transc_r as number);
    for (const [i, atMs] of received.entries()) {
      if (i > 0) assert.ok(Math.abs(atMs - received[i - 1]! - 2000) <= 3, `${received}`);
    }
  });

  await t.test('it plays on when the encoder is killed and another comes', async (t) => {
    await lost.kill();
    await viewer.until('the buffer to run dry', ({ state }) => state === 'Buffering');
    const { mediaSeconds: stoppedAt } = await viewer.report();
    await using encoder = publish(channel.rtmpUrl, { videoFilter: clock.videoFilter });
    await viewer.until(
      'the picture of the other encoder',
      ({ state, mediaSeconds }) => state === 'Playing' && mediaSeconds > stoppedAt + 4,
    );
    const { errors, pictureDelaySeconds } = await viewer.report();
    t.diagnostic(`the picture is ${pictureDelaySeconds?.toFixed(2)} s old after the change`);
    assert.deepEqual(errors, []);
    // The whole of the other encoder's start is still in the buffer: nothing was skipped, nothing was played twice.
    await encoder.stop();
  });

  await t.test('it ends without an error when the stream ends', async () => {
    await viewer.until('the end', ({ state }) => state === 'Ended');
    // Its tries at the segment that was announced and never came take six seconds.
    await viewer.watch(8);
    const { state, errors } = await viewer.report();
    assert.deepEqual([state, errors], ['Ended', []]);
  });
});

realTimeTest('the IVS player plays a NORMAL channel without its low latency', async (t) => {
  const channel = await ivory.createChannel({ latencyMode: 'NORMAL' });
  await using _encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playIvs(channel.playbackUrl);
  await viewer.untilPlaying(30_000);
  const reports = await viewer.watch(6);
  const [first, last] = [reports[0]!, reports.at(-1)!];
  t.diagnostic(`getLiveLatency() ${last.latencySeconds.toFixed(2)} s`);
  assert.deepEqual([last.state, last.errors], ['Playing', []]);
  assert.equal(last.isLowLatency, false);
  assert.ok(last.mediaSeconds - first.mediaSeconds > 5);
  assert.ok(last.latencySeconds > 0);
});

test('the IVS player says that an offline channel is not available', async () => {
  const channel = await ivory.createChannel();
  await using viewer = await chromium.playIvs(channel.playbackUrl);
  const { errors } = await viewer.until('the error', (report) => report.errors.length > 0);
  assert.deepEqual(errors, [
    {
      type: 'ErrorNotAvailable',
      code: 404,
      source: 'MasterPlaylist',
      message: 'Failed to load playlist',
    },
  ]);
});
