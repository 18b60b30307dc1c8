import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type IvoryAccess, IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import { assertDecodes, probe } from './support/judge.ts';
import {
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  untilSegments,
} from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import {
  assertVerifies,
  BUCKET,
  createRecordingConfiguration,
  recordingsOf,
  untilEvent,
} from './support/recordings.ts';
import { until } from './support/until.ts';

/** Enough for a whole recorded segment and a part of one. */
const STREAM_SECONDS = 14;

interface Server extends AsyncDisposable {
  readonly ivory: IvoryAccess;
  readonly buckets: string;
}

async function startServer(): Promise<Server> {
  await using starting = new AsyncDisposableStack();
  const directory = starting.use(await temporaryDirectory());
  const server = starting.use(new IvoryProcess(directory.path));
  const ivory = await server.ready();
  starting.defer(() => ivory.ivs.destroy());
  const resources = starting.move();
  return {
    ivory,
    buckets: path.join(directory.path, 'buckets'),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const readJson = async (...names: string[]) =>
  JSON.parse(await readFile(path.join(...names), 'utf8'));
const playlistOf = (recording: string, rendition: string) =>
  path.join(recording, 'media/hls', rendition, 'playlist.m3u8');

describe('a stream is recorded', { concurrency: true }, () => {
  let starting: Promise<Server>;
  before(async () => {
    starting = startServer();
    await starting;
  });
  after(async () => (await starting)[Symbol.asyncDispose]());

  for (const containerFormat of ['TS', 'FRAGMENTED_MP4'] as const) {
    test(`passed through as ${containerFormat}`, async () => {
      const { ivory, buckets } = await starting;
      const recordingConfigurationArn = await createRecordingConfiguration(ivory);
      const { arn, rtmpUrl } = await ivory.createChannel({
        containerFormat,
        recordingConfigurationArn,
      });
      await using encoder = publish(rtmpUrl, { size: '320x180', durationSeconds: STREAM_SECONDS });
      // Played while it grows.
      const growing = await until(
        'the first playlist',
        async () => {
          const [recording] = await recordingsOf(buckets, arn);
          return (
            recording &&
            (await readFile(playlistOf(recording, '180p30'), 'utf8').catch(() => undefined))
          );
        },
        { timeoutMs: 20_000 },
      );
      assert.match(growing, /#EXT-X-PLAYLIST-TYPE:EVENT\n/);
      assert.doesNotMatch(growing, /ENDLIST/);
      assert.equal(await encoder.ended, 0, encoder.stderr);
      await untilEvent(ivory, arn, 'Recording End');
      assert.deepEqual(
        (await ivory.eventNames(arn)).filter((name) => name.startsWith('Recording')),
        ['Recording Start', 'Recording End'],
      );
      const [recording, ...others] = await recordingsOf(buckets, arn);
      assert.ok(recording);
      assert.deepEqual(others, []);
      await assertVerifies(recording);
      const { media } = await readJson(recording, 'events/recording-ended.json');
      assert.equal(media.hls.duration_ms, STREAM_SECONDS * 1000);
      const { video } = await probe(playlistOf(recording, '180p30'));
      assert.equal(video.length, STREAM_SECONDS * 30);
      await assertDecodes(playlistOf(recording, '180p30'));
      // As a player gets it, from this server.
      const list = (await (
        await fetch(`${ivory.url}/watch/${arn.split('/')[1]}/recordings`)
      ).json()) as { path: string; durationMs: number }[];
      assert.deepEqual(
        list.map(({ durationMs }) => durationMs),
        [STREAM_SECONDS * 1000],
      );
      const master = `${ivory.url}/recordings/${list[0]!.path}/media/hls/master.m3u8`;
      assert.equal((await probe(master)).video.length, STREAM_SECONDS * 30);
      const escaped = `${ivory.url}/recordings/${BUCKET}/..%2f..%2fivory.db`;
      assert.equal((await fetch(escaped)).status, 404);
    });
  }

  test('as a ladder, with thumbnails', async () => {
    const { ivory, buckets } = await starting;
    const recordingConfigurationArn = await createRecordingConfiguration(ivory, {
      thumbnailConfiguration: {
        recordingMode: 'INTERVAL',
        targetIntervalSeconds: 4,
        storage: ['SEQUENTIAL', 'LATEST'],
      },
    });
    const { arn, rtmpUrl } = await ivory.createChannel({
      type: 'STANDARD',
      recordingConfigurationArn,
    });
    await using encoder = publish(rtmpUrl, { size: '640x360', durationSeconds: STREAM_SECONDS });
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await untilEvent(ivory, arn, 'Recording End');
    const [recording] = await recordingsOf(buckets, arn);
    assert.ok(recording);
    await assertVerifies(recording);
    const { media } = await readJson(recording, 'events/recording-ended.json');
    assert.deepEqual(
      media.hls.renditions.map((rendition: { path: string }) => rendition.path),
      ['360p30', '160p30'],
    );
    assert.deepEqual(media.thumbnails, {
      path: 'media/thumbnails',
      resolution_width: 640,
      resolution_height: 360,
    });
    assert.equal(media.latest_thumbnail.path, 'media/latest_thumbnail/thumb.jpg');
    const thumbnail = await readFile(path.join(recording, 'media/thumbnails/thumb1.jpg'));
    assert.equal(thumbnail.readUInt16BE(0), 0xffd8);
  });
});

test('an encoder that comes back within the reconnect window goes on with the recording', async () => {
  await using server = await startServer();
  const { ivory, buckets } = server;
  const recordingConfigurationArn = await createRecordingConfiguration(ivory, {
    recordingReconnectWindowSeconds: 8,
  });
  const { arn, rtmpUrl } = await ivory.createChannel({ recordingConfigurationArn });
  const source = { size: '320x180', gopFrames: 30, durationSeconds: 4 } as const;
  for (const count of [1, 2]) {
    await using encoder = publish(rtmpUrl, source);
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await until('the session', async () => (await ivory.sessions(arn)).length === count, {
      timeoutMs: 5000,
    });
    await ivory.untilOffline(arn);
    assert.ok(!(await ivory.eventNames(arn)).includes('Recording End'), 'the window is open');
  }
  await untilEvent(ivory, arn, 'Recording End');
  const recordings = await recordingsOf(buckets, arn);
  assert.equal(recordings.length, 1);
  await assertVerifies(recordings[0]!);
  const { media } = await readJson(recordings[0]!, 'events/recording-ended.json');
  assert.equal(media.hls.duration_ms, 8000);
  const playlist = await readFile(playlistOf(recordings[0]!, '180p30'), 'utf8');
  assert.equal(playlist.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 1);
});

test('kill -9 at any moment: what was complete is recorded, and its end is told once', async () => {
  await using directory = await temporaryDirectory();
  const buckets = path.join(directory.path, 'buckets');
  let killed: { arn: string; streamId: string } | undefined;
  let channel: Awaited<ReturnType<IvoryAccess['createChannel']>> | undefined;
  // Around the first segment's end, in the middle of one, and around a recorded segment's end at 10 s.
  for (const afterMs of [2600, 5200, 10_150]) {
    await using server = new IvoryProcess(directory.path);
    const ivory = await server.ready();
    if (killed) {
      await untilEvent(ivory, killed.arn, 'Recording End', { streamId: killed.streamId });
    }
    channel ??= await ivory.createChannel({
      recordingConfigurationArn: await createRecordingConfiguration(ivory),
    });
    const { arn } = channel;
    const { rtmpUrl } = ivory.testChannel(channel.channel, channel.streamKey);
    await using _ = publish(rtmpUrl, { size: '320x180', gopFrames: 15 });
    const { streamId, startTime } = await ivory.untilLive(arn);
    await until('the moment', () => Date.now() >= startTime!.getTime() + afterMs, {
      timeoutMs: afterMs + 2000,
    });
    await server.kill('SIGKILL');
    ivory.ivs.destroy();
    killed = { arn, streamId: streamId! };
  }
  await using server = new IvoryProcess(directory.path);
  const ivory = await server.ready();
  const { arn } = killed!;
  await untilEvent(ivory, arn, 'Recording End', { streamId: killed!.streamId });
  for (const { streamId } of await ivory.sessions(arn)) {
    const names = await ivory.eventNames(arn, streamId);
    assert.deepEqual(
      names.filter((name) => name.startsWith('Recording')),
      ['Recording Start', 'Recording End'],
    );
  }
  const recordings = await recordingsOf(buckets, arn);
  assert.equal(recordings.length, 3);
  for (const recording of recordings) await assertVerifies(recording);
  const durationsMs = await Promise.all(
    recordings.map(async (recording) => {
      const { media } = await readJson(recording, 'events/recording-ended.json');
      return media.hls.duration_ms as number;
    }),
  );
  assert.ok(Math.max(...durationsMs) >= 9000, `${durationsMs} ms`);
});

/** A disk of its own, which only root can make. */
async function smallDisk(megabytes: number): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await temporaryDirectory();
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory.path];
  execFileSync('mount', options);
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [directory.path]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('a full disk ends the recording with its event, and the stream goes on', {
  skip: process.getuid?.() !== 0 && 'only root can mount a small disk',
}, async () => {
  await using disk = await smallDisk(4);
  await using server = new IvoryProcess(disk.path);
  const ivory = await server.ready();
  const { arn, rtmpUrl, playbackUrl } = await ivory.createChannel({
    recordingConfigurationArn: await createRecordingConfiguration(ivory),
  });
  await using encoder = publish(rtmpUrl, { size: '640x360' });
  await ivory.untilLive(arn);
  await untilEvent(ivory, arn, 'Recording End Failure', { timeoutMs: 60_000 });
  assert.ok(!encoder.hasEnded);
  const mediaUrl = await fetchMediaPlaylistUrl(playbackUrl);
  const { mediaSequence, segments } = await fetchMediaPlaylist(mediaUrl);
  await untilSegments(mediaUrl, segments.length, 20_000);
  const later = await until(
    'the stream to go on',
    async () => {
      const playlist = await fetchMediaPlaylist(mediaUrl);
      return playlist.mediaSequence + playlist.segments.length > mediaSequence + segments.length;
    },
    { timeoutMs: 15_000 },
  );
  assert.ok(later);
  assert.ok((await ivory.session(arn)).truncatedEvents?.length);
  const [recording] = await recordingsOf(path.join(disk.path, 'buckets'), arn);
  if (recording) await assertVerifies(recording);
  await encoder.stop();
  ivory.ivs.destroy();
});
