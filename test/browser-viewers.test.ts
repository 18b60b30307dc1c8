import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chromium } from './support/chromium.ts';
import { startIvoryForTest } from './support/ivory.ts';
import { publish } from './support/publisher.ts';
import { until } from './support/until.ts';

/** "In within 15 s, out within 60 s", and what a busy machine adds. */
const IN_MS = 15_000;
const OUT_MS = 60_000;

test('viewerCount follows real players: one, then two of them, then none', async (t) => {
  await using ivory = await startIvoryForTest();
  await using chromium = await Chromium.launch();
  const channel = await ivory.createChannel();
  await using _encoder = publish(channel.rtmpUrl);
  await ivory.untilLive(channel.arn);
  const count = async () => (await ivory.stream(channel.arn))?.viewerCount;
  const untilCount = async (viewers: number, timeoutMs: number) => {
    const startedMs = performance.now();
    const what = `viewerCount to be ${viewers}`;
    await until(what, async () => (await count()) === viewers, { timeoutMs, intervalMs: 250 });
    t.diagnostic(`${viewers} after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  };
  assert.equal(await count(), 0);
  {
    await using hls = await chromium.playHls(channel.playbackUrl);
    await hls.untilPlaying();
    await untilCount(1, IN_MS);
    await using ivs = await chromium.playIvs(channel.playbackUrl);
    await ivs.untilPlaying();
    await untilCount(2, IN_MS);
    // Each of them reloads, probes and re-reads: it stays one viewer.
    await Promise.all([hls.watch(5), ivs.watch(5)]);
    assert.equal(await count(), 2);
  }
  await untilCount(0, OUT_MS);
});
