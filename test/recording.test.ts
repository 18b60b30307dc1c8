import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImportPlaybackKeyPairCommand, PutMetadataCommand } from '@aws-sdk/client-ivs';
import { findRecording } from '../scripts/verify-recording/find-recording.ts';
import { jpegSize } from '../src/protocols/codecs/jpeg.ts';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { type IvoryAccess, IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import { assertDecodes, probe } from './support/judge.ts';
import {
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  untilSegments,
} from './support/ll-hls-client.ts';
import { TokenKey } from './support/playback-tokens.ts';
import { publish } from './support/publisher.ts';
import {
  assertVerifies,
  BUCKET,
  createRecordingConfiguration,
  recordingsOf,
  untilEvent,
} from './support/recordings.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

/** Enough for a whole recorded segment and a part of one. */
const STREAM_SECONDS = 14;

interface Server extends AsyncDisposable {
  readonly ivory: IvoryAccess;
  readonly buckets: string;
  readonly directory: string;
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
    directory: directory.path,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const readJson = async (...names: string[]) =>
  JSON.parse(await readFile(path.join(...names), 'utf8'));
const playlistOf = (recording: string, rendition: string) =>
  path.join(recording, 'media/hls', rendition, 'playlist.m3u8');

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

/** Another program's file takes what there is. */
async function fill(directory: string): Promise<void> {
  await using ballast = await open(path.join(directory, 'ballast'), 'w');
  const block = Buffer.alloc(4096);
  const isFull = (error: NodeJS.ErrnoException) => {
    assert.equal(error.code, 'ENOSPC');
    return { bytesWritten: 0 };
  };
  while ((await ballast.write(block).catch(isFull)).bytesWritten > 0);
}

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
      const metadata = `recorded as ${containerFormat}`;
      await ivory.ivs.send(new PutMetadataCommand({ channelArn: arn, metadata }));
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
      const extension = containerFormat === 'TS' ? 'ts' : 'mp4';
      const second = await readFile(path.join(recording, `media/hls/180p30/1.${extension}`));
      assert.ok(second.includes(metadata), 'the text is in the media');
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
        resolution: 'LOWEST_RESOLUTION',
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
      resolution_width: 284,
      resolution_height: 160,
    });
    assert.equal(media.latest_thumbnail.path, 'media/latest_thumbnail/thumb.jpg');
    const thumbnail = await readFile(path.join(recording, 'media/thumbnails/thumb1.jpg'));
    assert.deepEqual(jpegSize(thumbnail), { width: 284, height: 160 });
  });

  test('with a resolution that changes in mid-stream, and thumbnails of the source', async () => {
    const { ivory, buckets, directory } = await starting;
    const { arn, streamKey } = await ivory.createChannel({
      recordingConfigurationArn: await createRecordingConfiguration(ivory, {
        thumbnailConfiguration: { targetIntervalSeconds: 2, storage: ['SEQUENTIAL'] },
      }),
    });
    const sources = ['480x270', '320x180'].map((size) =>
      encodeSource(path.join(directory, `${size}.flv`), {
        size,
        gopFrames: 30,
        durationSeconds: 5,
      }),
    );
    const [large, small] = (
      await Promise.all(sources.map(async (file) => readFile(await file)))
    ).map((file) => [...flvTags(file)]);
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    await client.publish(streamKey);
    await replay(client, large!);
    await replay(client, small!, { shiftMs: large!.at(-1)!.timestampMs + 33 });
    client.unpublish(streamKey);
    await untilEvent(ivory, arn, 'Recording End');
    const [recording, ...others] = await recordingsOf(buckets, arn);
    assert.ok(recording);
    assert.deepEqual(others, []);
    await assertVerifies(recording);
    const playlist = await readFile(playlistOf(recording, '270p30'), 'utf8');
    assert.match(playlist, /\n0\.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1\.mp4"\n/);
    // ffmpeg's own reader of playlists passes over a second init segment.
    for (const index of [0, 1]) {
      const files = [`init-${index}.mp4`, `${index}.mp4`].map((name) =>
        path.join(recording, 'media/hls/270p30', name),
      );
      await assertDecodes(`concat:${files.join('|')}`);
    }
    const { media } = await readJson(recording, 'events/recording-ended.json');
    assert.ok(Math.abs(media.hls.duration_ms - 10_000) < 40, `${media.hls.duration_ms} ms`);
    const thumbnails = await readdir(path.join(recording, 'media/thumbnails'));
    // One each two seconds; a busy machine may leave some out.
    assert.ok(thumbnails.length >= 3 && thumbnails.length <= 6, `${thumbnails.length} thumbnails`);
    const sizes = await Promise.all(
      ['thumb0.jpg', `thumb${thumbnails.length - 1}.jpg`].map(async (name) =>
        jpegSize(await readFile(path.join(recording, 'media/thumbnails', name))),
      ),
    );
    assert.deepEqual(sizes, [
      { width: 480, height: 270 },
      { width: 320, height: 180 },
    ]);
  });

  test('of a private channel, and is played by who has a token for it', async () => {
    const { ivory, buckets, directory } = await starting;
    const key = new TokenKey();
    const command = new ImportPlaybackKeyPairCommand({ publicKeyMaterial: key.publicKeyPem });
    await ivory.ivs.send(command);
    const { arn, rtmpUrl } = await ivory.createChannel({
      authorized: true,
      recordingConfigurationArn: await createRecordingConfiguration(ivory),
    });
    await using encoder = publish(rtmpUrl, { size: '320x180', durationSeconds: 4 });
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await untilEvent(ivory, arn, 'Recording End');
    const [recording] = await recordingsOf(buckets, arn);
    assert.ok(recording);
    await assertVerifies(recording);
    const prefix = path.relative(buckets, recording);
    // By the prefix that its events tell, as `npm run verify-recording` takes it.
    const config = { dataDirectory: directory, s3: { buckets: [], region: '' } };
    for (const name of [prefix, prefix.replace(`${BUCKET}/`, ''), recording]) {
      await using found = await findRecording(name, config);
      assert.equal(found.directory, recording);
    }
    await assert.rejects(findRecording('ivs/v1/none', config), /there is no recording/);
    for (const file of ['media/hls/master.m3u8', 'events/recording-ended.json']) {
      const response = await fetch(`${ivory.url}/recordings/${prefix}/${file}`);
      assert.equal(response.status, 403);
    }
    const list = await fetch(`${ivory.url}/watch/${arn.split('/')[1]}/recordings`);
    assert.deepEqual(await list.json(), []);
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = key.token({ 'aws:channel-arn': arn, exp });
    const master = `${ivory.url}/recordings/${prefix}/media/hls/master.m3u8?token=${token}`;
    assert.equal((await probe(master)).video.length, 4 * 30);
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

  test('a full disk ends the recording with its event, and the stream goes on', {
    skip: process.getuid?.() !== 0 && 'only root can mount a small disk',
  }, async () => {
    await using disk = await smallDisk(8);
    await using server = new IvoryProcess(disk.path);
    const ivory = await server.ready();
    const { arn, rtmpUrl, playbackUrl } = await ivory.createChannel({
      recordingConfigurationArn: await createRecordingConfiguration(ivory),
    });
    await using encoder = publish(rtmpUrl, { size: '320x180', gopFrames: 30 });
    await ivory.untilLive(arn);
    await untilEvent(ivory, arn, 'Recording Start');
    await fill(disk.path);
    await untilEvent(ivory, arn, 'Recording End Failure');
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
    assert.ok(recording, 'it had begun');
    await assertVerifies(recording);
    await readJson(recording, 'events/recording-failed.json');
    await encoder.stop();
    ivory.ivs.destroy();
  });
});
