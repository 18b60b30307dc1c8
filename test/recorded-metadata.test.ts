import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { PutMetadataCommand } from '@aws-sdk/client-ivs';
import { Chromium } from './support/chromium.ts';
import { type IvoryAccess, IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import { publish } from './support/publisher.ts';
import { createRecordingConfiguration, recordingsOf, untilEvent } from './support/recordings.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);

const STREAM_SECONDS = 10;
const TEXTS = ['{"question":1}', 'zwei: äöü', '3'];
/** `\0`, as in an ID3 PRIV frame: what is before it is the owner. */
const OWNER = 'metadata.live-video.net\0';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: IvoryProcess;
let chromium: Chromium;
let ivory: IvoryAccess;

before(async () => {
  directory = await temporaryDirectory();
  server = new IvoryProcess(directory.path);
  [ivory, chromium] = await Promise.all([server.ready(), Chromium.launch()]);
});
after(async () => {
  ivory?.ivs.destroy();
  await chromium?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** The path of its directory, below that of the buckets. */
async function recordWithTexts(containerFormat: 'TS' | 'FRAGMENTED_MP4'): Promise<string> {
  const recordingConfigurationArn = await createRecordingConfiguration(ivory);
  const { arn, rtmpUrl } = await ivory.createChannel({
    containerFormat,
    recordingConfigurationArn,
  });
  await using encoder = publish(rtmpUrl, { size: '320x180', durationSeconds: STREAM_SECONDS });
  await ivory.untilLive(arn);
  for (const [i, metadata] of TEXTS.entries()) {
    await ivory.ivs.send(new PutMetadataCommand({ channelArn: arn, metadata }));
    const frames = async () => encoder.hasEnded || (await hasGoneOn(arn, i + 1));
    await until('a second of the stream', frames, { timeoutMs: 10_000 });
  }
  assert.equal(await encoder.ended, 0, encoder.stderr);
  await untilEvent(ivory, arn, 'Recording End');
  const buckets = path.join(directory.path, 'buckets');
  const [recording] = await recordingsOf(buckets, arn);
  assert.ok(recording);
  return path.relative(buckets, recording);
}

/** Texts are apart in the stream, and so in different parts of it. */
async function hasGoneOn(channelArn: string, seconds: number): Promise<boolean> {
  const stream = await ivory.stream(channelArn);
  return stream !== undefined && Date.now() - stream.startTime!.getTime() > seconds * 1500;
}

for (const containerFormat of ['TS', 'FRAGMENTED_MP4'] as const) {
  test(`what PutMetadata says is in the recording, as hls.js reads it, in ${containerFormat}`, async () => {
    const recording = await recordWithTexts(containerFormat);
    const master = `${ivory.url}/recordings/${recording}/media/hls/master.m3u8`;
    await using viewer = await chromium.playHls(master);
    const textsOf = ({ tags }: Awaited<ReturnType<typeof viewer.report>>) =>
      tags
        .filter(({ text }) => text.includes(OWNER))
        .map(({ text }) => Buffer.from(text.split(OWNER)[1] ?? '', 'latin1').toString());
    const report = await viewer.until('every text', (seen) => textsOf(seen).length >= TEXTS.length);
    assert.deepEqual(textsOf(report), TEXTS);
    assert.deepEqual(report.errors, []);
    if (containerFormat === 'TS') await assertFfmpegReads(recording);
  });
}

/** ffmpeg's demuxer, of the stream that the program map declares as timed ID3. */
async function assertFfmpegReads(recording: string): Promise<void> {
  const playlist = path.join(
    directory.path,
    'buckets',
    recording,
    'media/hls/180p30/playlist.m3u8',
  );
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-allowed_extensions', 'ALL'],
      ...['-i', playlist, '-map', '0:d', '-c', 'copy', '-f', 'data', '-'],
    ],
    { encoding: 'buffer' },
  );
  for (const text of TEXTS) assert.ok(stdout.includes(OWNER + text), text);
}
