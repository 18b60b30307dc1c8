import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import {
  type IvoryInProcess,
  IvoryProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { assertDecodes, probe } from './support/judge.ts';
import {
  assertSameNumbers,
  LadderWatch,
  NUMBERED_PICTURES,
  readPictureNumbers,
  untilRenditions,
} from './support/ladder.ts';
import { fetchMediaPlaylist, LlHlsClient, median } from './support/ll-hls-client.ts';
import { childrenOf, isAlive } from './support/processes.ts';
import { publishFile } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

/** Passed through, and two small renditions beside it: little work for ffmpeg. */
const SOURCE = { size: '640x400', framesPerSecond: 15, gopFrames: 15 } as const;
const LADDER = ['400p15', '360p30', '160p30'] as const;
const TRANSCODED = LADDER.slice(1);
const SHUTDOWN_WITHIN_MS = 6_000;

/** A service of its own for each: its log tells which ffmpeg is whose. */
class Stage implements AsyncDisposable {
  readonly ivory: IvoryInProcess;
  readonly #directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  constructor(ivory: IvoryInProcess, directory: Awaited<ReturnType<typeof temporaryDirectory>>) {
    this.ivory = ivory;
    this.#directory = directory;
  }

  static async set(): Promise<Stage> {
    return new Stage(await startIvoryForTest(), await temporaryDirectory());
  }

  newFile(extension: string): string {
    return path.join(this.#directory.path, `${crypto.randomUUID()}.${extension}`);
  }

  encode(durationSeconds: number, source: { size?: string } = {}): Promise<string> {
    return encodeSource(this.newFile('flv'), {
      ...SOURCE,
      ...source,
      durationSeconds,
      videoFilter: NUMBERED_PICTURES,
    });
  }

  async onAir(file: string) {
    const channel = await this.ivory.createChannel({ type: 'STANDARD' });
    const encoder = publishFile(channel.rtmpUrl, file);
    await this.ivory.untilLive(channel.arn);
    const variants = await untilRenditions(channel.playbackUrl, LADDER);
    return { channel, encoder, variants };
  }

  /** Of the ffmpeg that runs. */
  get ffmpegPid(): number | undefined {
    return this.ivory.log.lines
      .filter(({ message }) => message === 'ffmpeg started')
      .map(({ fields }) => Number(fields['pid']))
      .findLast(isAlive);
  }

  get deaths(): number {
    return this.ivory.log.lines.filter(({ message }) => message === 'transcoding is in trouble')
      .length;
  }

  /** Every picture that was sent, in order and without a break. */
  async assertWhole(watch: LadderWatch, name: string, file: string): Promise<void> {
    const list = watch.list(name);
    assert.ok(
      list.every(({ gap, discontinuity }) => !gap && !discontinuity),
      name,
    );
    const msns = list.map(({ msn }) => msn);
    const media = await watch.download(name, msns, this.newFile('mp4'));
    await assertDecodes(media);
    const [sent, got] = [await probe(file), await probe(media)];
    assert.deepEqual(
      got.video.map(({ hash }) => hash),
      sent.video.map(({ hash }) => hash),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ivory[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}

/** Segments of a list in a line: `g`aps and `d`iscontinuities. */
const story = (watch: LadderWatch, name: string): string =>
  watch
    .list(name)
    .map(({ msn, gap, discontinuity }) => `${msn}${gap ? 'g' : ''}${discontinuity ? 'd' : ''}`)
    .join(' ');

describe('what happens to a ladder', { concurrency: 2 }, () => {
  test('ffmpeg is killed: a gap and one discontinuity in what it made, nothing elsewhere', async () => {
    await using stage = await Stage.set();
    const file = await stage.encode(12);
    const { encoder, variants } = await stage.onAir(file);
    await using _ = encoder;
    await using watch = new LadderWatch(variants);
    await until('a few segments', () => watch.list(LADDER[0]).length >= 4, { timeoutMs: 15_000 });
    const pid = stage.ffmpegPid!;
    const killedAt = watch.list(LADDER[0]).at(-1)!.msn;
    process.kill(pid, 'SIGKILL');
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await watch.ended();
    assertSameNumbers(watch, LADDER);
    await stage.assertWhole(watch, LADDER[0], file);
    for (const name of TRANSCODED) {
      const list = watch.list(name);
      const gaps = list.filter(({ gap }) => gap).map(({ msn }) => msn);
      assert.ok(gaps.length >= 1 && gaps.length <= 3, `${name}: gaps ${gaps}`);
      assert.ok(gaps.at(-1)! <= killedAt + 3, `${name}: killed in ${killedAt}, gaps ${gaps}`);
      assert.deepEqual(
        list.filter(({ discontinuity }) => discontinuity).map(({ msn }) => msn),
        [gaps.at(-1)! + 1],
      );
      const rest = list.filter(({ msn }) => msn > gaps.at(-1)!).map(({ msn }) => msn);
      const numbers = await readPictureNumbers(
        await watch.download(name, rest, stage.newFile('mp4')),
      );
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => numbers[0]! + index),
        name,
      );
      const before = list.filter(({ msn }) => msn < gaps[0]!).map(({ msn }) => msn);
      await assertDecodes(await watch.download(name, before, stage.newFile('mp4')));
    }
  });

  test('ffmpeg is killed again and again: ever later it is back, and the stream goes on', async (t) => {
    await using stage = await Stage.set();
    const file = await stage.encode(18);
    const { encoder, variants } = await stage.onAir(file);
    await using _ = encoder;
    await using watch = new LadderWatch(variants);
    const lifeMs: number[] = [];
    for (let kills = 1; kills <= 5; kills++) {
      const diedMs = performance.now();
      const pid = await until('the next ffmpeg', () => stage.ffmpegPid ?? encoder.hasEnded, {
        timeoutMs: 20_000,
      });
      if (pid === true) break;
      lifeMs.push(performance.now() - diedMs);
      process.kill(pid, 'SIGKILL');
      await until(`death ${kills}`, () => stage.deaths === kills, { timeoutMs: 5_000 });
    }
    t.diagnostic(`started after ${lifeMs.map(Math.round).join(', ')} ms`);
    assert.ok(stage.deaths >= 4, `${stage.deaths} deaths`);
    // 0, 1, 2, 4 s, and then the next keyframe.
    assert.ok(lifeMs.every((ms, death) => death < 2 || ms >= 2 ** (death - 2) * 1000 - 50));
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await watch.ended();
    assertSameNumbers(watch, LADDER);
    await stage.assertWhole(watch, LADDER[0], file);
  });

  test('ffmpeg stands still for 6 s: the source’s own rendition does not notice, the others catch up', async (t) => {
    await using stage = await Stage.set();
    const file = await stage.encode(20);
    const { encoder, variants } = await stage.onAir(file);
    await using _ = encoder;
    await using watch = new LadderWatch(variants);
    const viewer = new LlHlsClient(variants[0]!.uri);
    const followed = viewer.follow(() => false);
    await until('a few segments', () => watch.list(LADDER[0]).length >= 4, { timeoutMs: 15_000 });
    const pid = stage.ffmpegPid!;
    process.kill(pid, 'SIGSTOP');
    const stoppedMs = performance.now();
    const stoppedAt = watch.list(LADDER[0]).at(-1)!.msn;
    await until('six seconds', () => performance.now() - stoppedMs > 6_000, { timeoutMs: 7_000 });
    process.kill(pid, 'SIGCONT');
    const goesOnMs = performance.now();
    assert.equal(await encoder.ended, 0, encoder.stderr);
    await watch.ended();
    await followed;
    const listedAtMs = viewer.parts
      .map((part) => part.listedAtMs)
      .filter((atMs) => atMs > stoppedMs && atMs < goesOnMs);
    const stepsMs = listedAtMs.slice(1).map((atMs, index) => atMs - listedAtMs[index]!);
    assert.ok(median(stepsMs) < 300, `a part every ${median(stepsMs)} ms, as ever`);
    assert.ok(listedAtMs.length >= 24, `${listedAtMs.length} parts in six seconds`);
    assertSameNumbers(watch, LADDER);
    await stage.assertWhole(watch, LADDER[0], file);
    for (const name of TRANSCODED) {
      const list = watch.list(name);
      t.diagnostic(`${name}, stopped after ${stoppedAt}: ${story(watch, name)}`);
      const gaps = list.filter(({ gap }) => gap).map(({ msn }) => msn);
      // It may have been a little behind already.
      assert.ok(
        gaps.every((msn) => msn >= stoppedAt - 2 && msn <= stoppedAt + 10),
        `${name}: ${gaps}`,
      );
      assert.equal(list.at(-1)!.gap, false);
    }
  });

  test('the encoder changes its resolution: the same renditions go on, no larger than it', async () => {
    await using stage = await Stage.set();
    const { ivory } = stage;
    const files = [await stage.encode(6), await stage.encode(6, { size: '426x240' })];
    const channel = await ivory.createChannel({ type: 'STANDARD' });
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    await client.publish(channel.streamKey);
    const [first, second] = await Promise.all(
      files.map(async (file) => [...flvTags(await readFile(file))]),
    );
    const sent = replay(client, first!).then(async () => {
      await replay(client, second!, { shiftMs: first!.at(-1)!.timestampMs + 67 });
      client.unpublish(channel.streamKey);
    });
    const variants = await untilRenditions(channel.playbackUrl, LADDER);
    await using watch = new LadderWatch(variants);
    await sent;
    await watch.ended();
    assertSameNumbers(watch, LADDER);
    for (const name of LADDER) {
      const list = watch.list(name);
      assert.ok(
        list.every(({ gap }) => !gap),
        `${name} has gaps`,
      );
      const change = list.findIndex(({ discontinuity }) => discontinuity);
      assert.equal(list.filter(({ discontinuity }) => discontinuity).length, 1);
      const msns = list.map(({ msn }) => msn);
      const after = await watch.download(name, msns.slice(change), stage.newFile('mp4'));
      const { streams } = await probe(after);
      const { width, height } = streams.find(({ codec_type }) => codec_type === 'video')!;
      assert.equal(`${width}x${height}`, name === '160p30' ? '284x160' : '426x240');
      const numbers = await readPictureNumbers(after);
      assert.deepEqual(
        numbers,
        Array.from({ length: 90 }, (_, n) => n),
        name,
      );
    }
  });

  test('the encoder’s connection is lost and comes back: the same playlists go on, cut alike', async () => {
    await using stage = await Stage.set();
    const { ivory } = stage;
    const file = await stage.encode(6);
    const channel = await ivory.createChannel({ type: 'STANDARD' });
    const tags = [...flvTags(await readFile(file))];
    let variants: Awaited<ReturnType<typeof untilRenditions>>;
    {
      await using client = await RtmpClient.connect(ivory.rtmpPort);
      await client.publish(channel.streamKey);
      const sent = replay(client, tags);
      variants = await untilRenditions(channel.playbackUrl, LADDER);
      await sent;
    }
    await using watch = new LadderWatch(variants);
    await until('the end of the first', async () => !isPublishing(ivory, channel), {
      timeoutMs: 5_000,
    });
    await using again = await RtmpClient.connect(ivory.rtmpPort);
    const { code } = await again.publish(channel.streamKey);
    assert.equal(code, 'NetStream.Publish.Start');
    await replay(again, tags);
    again.unpublish(channel.streamKey);
    await watch.ended();
    assertSameNumbers(watch, LADDER);
    assert.equal((await ivory.sessions(channel.arn)).length, 1);
    for (const name of LADDER) {
      const list = watch.list(name);
      assert.ok(
        list.every(({ gap }) => !gap),
        `${name} has gaps`,
      );
      assert.equal(list.filter(({ discontinuity }) => discontinuity).length, 1, name);
      const media = await watch.download(
        name,
        list.map(({ msn }) => msn),
        stage.newFile('mp4'),
      );
      const numbers = Array.from({ length: 90 }, (_, n) => n);
      assert.deepEqual(await readPictureNumbers(media), [...numbers, ...numbers], name);
    }
  });
});

/** Whether its encoder is connected. */
function isPublishing(ivory: IvoryInProcess, { arn }: TestChannel): boolean {
  const last = ivory.log.lines.findLast(
    ({ message, fields }) =>
      fields['channel'] === arn && ['encoder left', 'encoder publishes'].includes(message),
  );
  return last?.message === 'encoder publishes';
}

test('kill -9 of Ivory: no ffmpeg is left', async () => {
  await using directory = await temporaryDirectory();
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { ...SOURCE, durationSeconds: 30 });
  await using ivory = new IvoryProcess(path.join(directory.path, 'data'));
  const access = await ivory.ready();
  const channel = await access.createChannel({ type: 'STANDARD' });
  await using _ = publishFile(channel.rtmpUrl, file);
  await untilRenditionsOf(access, channel);
  const pids = childrenOf(ivory.child.pid!);
  assert.equal(pids.length, 1, 'one ffmpeg a channel');
  await ivory.kill('SIGKILL');
  await until('ffmpeg to be gone', () => !pids.some(isAlive), { timeoutMs: 5_000 });
});

test('SIGTERM with a ladder on air: its playlists end, ffmpeg is gone, and it exits with 0', async () => {
  await using directory = await temporaryDirectory();
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { ...SOURCE, durationSeconds: 30 });
  await using ivory = new IvoryProcess(path.join(directory.path, 'data'));
  const access = await ivory.ready();
  const channel = await access.createChannel({ type: 'STANDARD' });
  await using _ = publishFile(channel.rtmpUrl, file);
  const variants = await untilRenditionsOf(access, channel);
  const pids = childrenOf(ivory.child.pid!);
  // Parked for what never comes: answered with the end.
  const nextMsns = await Promise.all(
    variants.map(async ({ uri }) => {
      const { mediaSequence, segments } = await fetchMediaPlaylist(uri);
      return mediaSequence + segments.length;
    }),
  );
  const parked = variants.map(({ uri }, index) =>
    fetchMediaPlaylist(`${uri}&_HLS_msn=${nextMsns[index]! + 1}`),
  );
  const { code, afterMs } = await ivory.kill('SIGTERM');
  assert.equal(code, 0, ivory.stderr);
  assert.ok(afterMs < SHUTDOWN_WITHIN_MS, `${afterMs} ms`);
  for (const playlist of await Promise.all(parked)) assert.equal(playlist.endList, true);
  assert.ok(!pids.some(isAlive));
  assert.equal(ivory.stderr, '');
});

async function untilRenditionsOf(
  access: { untilLive(arn: string): Promise<unknown> },
  channel: TestChannel,
) {
  await access.untilLive(channel.arn);
  return untilRenditions(channel.playbackUrl, LADDER);
}
