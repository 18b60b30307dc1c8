import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { flvTags } from './support/flv-file.ts';
import { startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { publishFile } from './support/publisher.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

test('/metrics agrees with the file that is published, and forgets the channel when it is over', async (t) => {
  await using directory = await temporaryDirectory();
  await using ivory = await startIvoryForTest();
  const file = path.join(directory.path, 'source.flv');
  const durationSeconds = 12;
  await encodeSource(file, { durationSeconds, noise: true, size: '320x180', gopFrames: 60 });
  const bytes = { audio: 0, video: 0, script: 0 };
  for (const { kind, body } of flvTags(await readFile(file))) bytes[kind] += body.byteLength;
  const expected = {
    ivory_ingest_video_bits_per_second: (bytes.video * 8) / durationSeconds,
    ivory_ingest_audio_bits_per_second: (bytes.audio * 8) / durationSeconds,
    ivory_ingest_frames_per_second: 30,
    ivory_keyframe_interval_seconds: 2,
  };
  const channel = await ivory.createChannel();
  const id = channel.arn.split('/')[1];
  const scrape = async () => (await fetch(`${ivory.url}/metrics`)).text();
  const valuesOf = (page: string) =>
    new Map(
      page
        .split('\n')
        .filter((line) => line.includes(`channel="${id}"`))
        .map((line) => [line.slice(0, line.indexOf('{')), Number(line.split(' ').at(-1))]),
    );
  await using encoder = publishFile(channel.rtmpUrl, file);
  const close = await until(
    'rates that agree',
    async () => {
      const values = valuesOf(await scrape());
      const errors = Object.entries(expected).map(
        ([name, value]) => Math.abs((values.get(name) ?? 0) - value) / value,
      );
      return Math.max(...errors) < 0.05 && errors;
    },
    { timeoutMs: durationSeconds * 1000 },
  );
  t.diagnostic(`off by ${close.map((error) => `${(error * 100).toFixed(1)} %`).join(', ')}`);
  assert.match(await scrape(), /ivory_concurrent_streams\{health="HEALTHY"\} 1/);
  await encoder.stop();
  await ivory.untilOffline(channel.arn);
  const after = await scrape();
  assert.equal(valuesOf(after).size, 0);
  assert.match(after, /ivory_concurrent_streams\{health="HEALTHY"\} 0/);
});
