import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { type IvoryInProcess, startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { assertDecodes, assertSameMedia, countWithMediabunny, probe } from './support/judge.ts';
import {
  downloadListed,
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  LlHlsClient,
} from './support/ll-hls-client.ts';
import { publishFile, type SourceOptions } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';

/** Irregular steps, and the picture standing still for more than a second. */
const DROPPED_FRAMES = "select='lt(mod(n*7919\\,10)\\,6)*not(between(n\\,70\\,105))'";

interface Case extends SourceOptions {
  readonly name: string;
  /** As the multivariant playlist has it. */
  readonly codecs: string;
  readonly targetDurationSeconds?: number;
  /** Parts are of a constant number of frames. */
  readonly isSteady?: boolean;
}

const CASES: readonly Case[] = [
  { name: '30 frames a second', codecs: 'avc1.42C01E,mp4a.40.2' },
  { name: 'B-frames', bFrames: 2, codecs: 'avc1.4D401E,mp4a.40.2' },
  {
    name: 'a variable frame rate',
    videoFilter: DROPPED_FRAMES,
    isSteady: false,
    codecs: 'avc1.42C01E,mp4a.40.2',
    targetDurationSeconds: 5,
  },
  {
    name: '44.1 kHz mono',
    audio: { sampleRate: 44_100, channels: 1 },
    codecs: 'avc1.42C01E,mp4a.40.2',
  },
  { name: 'no audio', audio: 'none', codecs: 'avc1.42C01E' },
  { name: 'portrait', size: '720x1280', codecs: 'avc1.42C01F,mp4a.40.2' },
  { name: '60 frames a second', framesPerSecond: 60, codecs: 'avc1.42C01F,mp4a.40.2' },
  {
    name: 'NTSC’s frame rate',
    framesPerSecond: 30000 / 1001,
    gopFrames: 60,
    codecs: 'avc1.42C01E,mp4a.40.2',
  },
  {
    name: 'keyframes every 250 frames, as x264 makes them by itself',
    gopFrames: 250,
    durationSeconds: 11,
    codecs: 'avc1.42C01E,mp4a.40.2',
    targetDurationSeconds: 8,
  },
];

const DURATION_SECONDS = 7;

describe('what viewers get is what the encoder sent', { concurrency: 7 }, () => {
  let ivory: IvoryInProcess;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  before(async () => {
    ivory = await startIvoryForTest();
    directory = await temporaryDirectory();
  });
  after(async () => {
    await ivory[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const fileOf = (name: string, extension: string) =>
    path.join(directory.path, `${name.replaceAll(/\W+/g, '-')}.${extension}`);

  const encode = (name: string, source: SourceOptions) =>
    encodeSource(fileOf(name, 'flv'), { durationSeconds: DURATION_SECONDS, ...source });

  for (const { name, codecs, targetDurationSeconds = 4, isSteady = true, ...source } of CASES) {
    test(name, async () => {
      const file = await encode(name, source);
      const channel = await ivory.createChannel();
      await using encoder = publishFile(channel.rtmpUrl, file);
      await ivory.untilLive(channel.arn);
      const multivariant = await (await fetch(channel.playbackUrl)).text();
      assert.match(multivariant, new RegExp(`CODECS="${codecs}"`));
      const url = await fetchMediaPlaylistUrl(channel.playbackUrl);

      const viewer = new LlHlsClient(url, { isSteady });
      await viewer.follow(() => false);
      assert.equal(await encoder.ended, 0, encoder.stderr);
      assert.equal(viewer.playlist.targetDurationSeconds, targetDurationSeconds);
      assert.ok(viewer.playlist.partTargetSeconds! <= 0.25, `${viewer.playlist.partTargetSeconds}`);
      assert.ok(viewer.reloads > 5, `${viewer.reloads} reloads`);

      const [bytes, ...others] = await downloadListed(url);
      assert.equal(others.length, 0, 'one init segment');
      const output = fileOf(name, 'mp4');
      await writeFile(output, bytes!);
      const expected = await probe(file);
      const got = await probe(output);
      assertSameMedia(expected, got);
      await assertDecodes(output);
      // The same over HTTP, as a player of playlists finds it.
      assertSameMedia(expected, await probe(url));
      const counts = (await countWithMediabunny(bytes!)).map(({ packets }) => packets);
      assert.deepEqual(
        counts,
        [got.video, got.audio].filter((list) => list.length > 0).map((list) => list.length),
      );
    });
  }

  test('a resolution that changes in mid-stream', async () => {
    const files = [
      await encode('a', { durationSeconds: 4 }),
      await encode('b', {
        durationSeconds: 3,
        size: '480x270',
        audio: { sampleRate: 44_100, channels: 1 },
      }),
    ];
    const { viewer, url } = await replayAll(files, (previousEndMs) => previousEndMs);
    assert.deepEqual(
      viewer.segments.map(({ discontinuity, mapUri }) => [discontinuity, mapUri ?? '']),
      [
        [false, 'init-0.mp4'],
        [false, ''],
        [true, 'init-1.mp4'],
        [false, ''],
      ],
    );
    const runs = await downloadListed(url);
    assert.equal(runs.length, 2, 'two init segments');
    for (const [index, bytes] of runs.entries()) {
      const output = fileOf(`change-${index}`, 'mp4');
      await writeFile(output, bytes);
      const [expected, got] = [await probe(files[index]!), await probe(output)];
      assertSameMedia(expected, got, { followsBreak: index > 0 });
      const sizes = (media: typeof got) =>
        media.streams.map(({ width, channels }) => [width, channels]);
      assert.deepEqual(sizes(got), sizes(expected));
      await assertDecodes(output);
    }
  });

  test('an encoder whose clock starts again at zero', async () => {
    const files = [
      await encode('first', { durationSeconds: 4 }),
      await encode('again', { durationSeconds: 3, videoFilter: 'hflip' }),
    ];
    const { viewer, url } = await replayAll(files, () => 0);
    assert.deepEqual(
      viewer.segments.map(({ discontinuity }) => discontinuity),
      [false, false, true, false],
    );
    const [bytes, ...others] = await downloadListed(url);
    assert.equal(others.length, 0, 'the encoding is the same: no other init segment');
    const output = fileOf('restart', 'mp4');
    await writeFile(output, bytes!);
    const [first, again, got] = [
      await probe(files[0]!),
      await probe(files[1]!),
      await probe(output),
    ];
    const hashes = (packets: readonly { hash: string }[]) => packets.map(({ hash }) => hash);
    assert.deepEqual(hashes(got.video), [...hashes(first.video), ...hashes(again.video)]);
    await assertDecodes(output);
  });

  test('timestamps that pass 2^32 ms', async () => {
    const file = await encode('wrap', {});
    const { viewer, url } = await replayAll([file], () => 2 ** 32 - 3000);
    assert.ok(viewer.segments.every(({ discontinuity }) => !discontinuity));
    const output = fileOf('wrap', 'mp4');
    await writeFile(output, (await downloadListed(url))[0]!);
    assertSameMedia(await probe(file), await probe(output));
  });

  test('latency mode NORMAL: whole segments, none of the low-latency tags', async () => {
    const file = await encode('normal', {});
    const channel = await ivory.createChannel({ latencyMode: 'NORMAL' });
    await using encoder = publishFile(channel.rtmpUrl, file);
    await ivory.untilLive(channel.arn);
    const url = await fetchMediaPlaylistUrl(channel.playbackUrl);
    const live = await (await fetch(`${url}&_HLS_msn=1000`)).text();
    assert.doesNotMatch(live, /EXT-X-(PART|PRELOAD|PREFETCH|SERVER-CONTROL|SKIP|RENDITION)/);
    assert.match(live, /#EXT-X-PROGRAM-DATE-TIME:/);
    assert.equal(await encoder.ended, 0, encoder.stderr);
    assert.equal((await fetchMediaPlaylist(url)).endList, true);
    const output = fileOf('normal', 'mp4');
    await writeFile(output, (await downloadListed(url))[0]!);
    assertSameMedia(await probe(file), await probe(output));
  });

  /** Publishes one file after the other over one connection, and follows to the end. */
  async function replayAll(files: readonly string[], startOf: (previousEndMs: number) => number) {
    const channel = await ivory.createChannel();
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    assert.equal((await client.publish(channel.streamKey)).code, 'NetStream.Publish.Start');
    const publishAll = async () => {
      let endMs = 0;
      for (const file of files) {
        const tags = [...flvTags(await readFile(file))];
        const shiftMs = startOf(endMs);
        await replay(client, tags, { shiftMs });
        endMs = shiftMs + tags.at(-1)!.timestampMs + 34;
      }
      client.unpublish(channel.streamKey);
    };
    const published = publishAll();
    await ivory.untilLive(channel.arn);
    const url = await fetchMediaPlaylistUrl(channel.playbackUrl);
    const viewer = new LlHlsClient(url);
    await Promise.all([published, viewer.follow(() => false)]);
    return { viewer, url };
  }
});
