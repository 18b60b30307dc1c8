import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ListStreamsCommand } from '@aws-sdk/client-ivs';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { type IvoryInProcess, startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { probe } from './support/judge.ts';
import { fetchMediaPlaylistUrl, LlHlsClient } from './support/ll-hls-client.ts';
import { publish, publishFile } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

/** The API's promises (GetStream, `viewerCount`; EventBridge guide), and a little for the machine. */
const STARVING_WITHIN_MS = 10_000;
const VIEW_APPEARS_WITHIN_MS = 15_000;
const VIEW_GOES_WITHIN_MS = 60_000;
const SILENCE_ENDS_AFTER_MS = 30_000;

describe('the API tells the truth about a stream', { concurrency: true }, () => {
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

  const untilHealth = (arn: string, health: string, timeoutMs: number) =>
    until(
      `health ${health}`,
      async () => {
        const stream = await ivory.stream(arn);
        return stream?.health === health && stream;
      },
      { timeoutMs },
    );

  const untilEnded = (arn: string, streamId: string, timeoutMs: number) =>
    until(
      'the session to end',
      async () => {
        const session = await ivory.session(arn, streamId);
        return session.endTime && { ...session, endTime: session.endTime };
      },
      { timeoutMs },
    );

  for (const { name, audio, ...source } of [
    {
      name: 'Main profile, 25 frames a second, 48 kHz stereo',
      profile: 'main',
      framesPerSecond: 25,
      size: '1280x720',
      audio: { sampleRate: 48_000, channels: 2 },
    },
    {
      name: 'High profile, 60 frames a second, 44.1 kHz mono',
      profile: 'high',
      framesPerSecond: 60,
      size: '854x480',
      preset: 'veryfast',
      audio: { sampleRate: 44_100, channels: 1 },
    },
  ] as const) {
    test(`GetStreamSession says what ffprobe says: ${name}`, async () => {
      const file = path.join(directory.path, `${source.profile}.flv`);
      await encodeSource(file, { ...source, bFrames: 2, audio, durationSeconds: 4 });
      const { streams } = await probe(file);
      const video = streams.find(({ codec_type }) => codec_type === 'video')!;
      const sound = streams.find(({ codec_type }) => codec_type === 'audio')!;
      const channel = await ivory.createChannel({ name: 'snapshot', tags: { a: 'b' } });
      await using encoder = publishFile(channel.rtmpUrl, file);
      const stream = await ivory.untilLive(channel.arn);
      const session = await until(
        'the ingest configuration',
        async () => {
          const seen = await ivory.session(channel.arn);
          return seen.ingestConfiguration?.video && seen;
        },
        { timeoutMs: 5_000 },
      );
      assert.equal(session.streamId, stream.streamId);
      assert.equal(session.endTime, undefined);
      assert.deepEqual(
        [session.channel?.name, session.channel?.arn, session.channel?.type],
        ['snapshot', channel.arn, 'BASIC'],
      );
      const { videoConfigurations, audioConfigurations } = session.ingestConfigurations!;
      // What is deprecated is filled in the deprecated form only.
      assert.deepEqual(videoConfigurations, [
        { ...session.ingestConfiguration!.video, avcProfile: '', avcLevel: '' },
      ]);
      assert.deepEqual(audioConfigurations, [session.ingestConfiguration!.audio]);
      const { encoder: encoderName, targetBitrate, ...rest } = session.ingestConfiguration!.video!;
      assert.match(encoderName ?? '', /^Lavf/);
      assert.ok(targetBitrate! > 700_000 && targetBitrate! < 900_000, `${targetBitrate}`);
      assert.deepEqual(rest, {
        track: 'Track0',
        avcProfile: video.profile,
        avcLevel: (video.level / 10).toFixed(1),
        profile: video.profile,
        level: (video.level / 10).toFixed(1),
        codec: `avc1.${source.profile === 'main' ? '4D40' : '6400'}${video.level.toString(16).toUpperCase().padStart(2, '0')}`,
        targetFramerate: source.framesPerSecond,
        videoWidth: video.width,
        videoHeight: video.height,
      });
      const { targetBitrate: audioBitrate, ...audioRest } = session.ingestConfiguration!.audio!;
      assert.ok(audioBitrate! > 60_000 && audioBitrate! < 110_000, `${audioBitrate}`);
      assert.deepEqual(audioRest, {
        track: 'Track0',
        codec: 'mp4a.40.2',
        sampleRate: Number(sound.sample_rate),
        channels: sound.channels,
      });
      assert.equal(await encoder.ended, 0, encoder.stderr);
      await ivory.untilOffline(channel.arn);
      const past = await ivory.session(channel.arn, stream.streamId);
      assert.ok(past.endTime!.getTime() >= past.startTime!.getTime() + 3000);
      assert.deepEqual(past.ingestConfiguration, session.ingestConfiguration);
    });
  }

  test('what an encoder does not say of itself is measured', async () => {
    const file = path.join(directory.path, 'silent-about-itself.flv');
    const DURATION_SECONDS = 8;
    await encodeSource(file, { durationSeconds: DURATION_SECONDS });
    const bytes = await readFile(file);
    const media = [...flvTags(bytes)].filter(({ kind }) => kind !== 'script');
    const videoBytes = media
      .filter(({ kind }) => kind === 'video')
      .reduce((total, { body }) => total + body.byteLength, 0);
    const channel = await ivory.createChannel();
    await using encoder = await RtmpClient.connect(ivory.rtmpPort);
    await encoder.publish(channel.streamKey);
    await replay(encoder, media);
    const { video, audio } = (await ivory.session(channel.arn)).ingestConfiguration!;
    assert.equal(video?.targetFramerate, 30);
    assert.equal(video?.encoder, '');
    const expectedBps = (videoBytes * 8) / DURATION_SECONDS;
    assert.ok(Math.abs(video.targetBitrate! / expectedBps - 1) < 0.3, `${video?.targetBitrate}`);
    assert.ok(audio!.targetBitrate! > 30_000, `${audio?.targetBitrate}`);
  });

  test('an encoder that stalls is STARVING, and HEALTHY when it comes to itself', async () => {
    const channel = await ivory.createChannel();
    await using encoder = publish(channel.rtmpUrl);
    const { streamId } = await ivory.untilLive(channel.arn);
    await untilHealth(channel.arn, 'HEALTHY', 15_000);
    encoder.pause();
    await untilHealth(channel.arn, 'STARVING', STARVING_WITHIN_MS);
    const filtered = async (health: 'STARVING' | 'HEALTHY') => {
      const command = new ListStreamsCommand({ filterBy: { health } });
      const { streams } = await ivory.ivs.send(command);
      return streams!.some((stream) => stream.streamId === streamId);
    };
    assert.deepEqual([await filtered('STARVING'), await filtered('HEALTHY')], [true, false]);
    encoder.resume();
    await untilHealth(channel.arn, 'HEALTHY', 15_000);
    await encoder.stop();
    await ivory.untilOffline(channel.arn);
    assert.deepEqual(await ivory.eventNames(channel.arn, streamId), [
      'Session Created',
      'Stream Start',
      'Starvation Start',
      'Starvation End',
      'Stream End',
      'Session Ended',
    ]);
  });

  test('an encoder that stalls for 30 s is sent away', async () => {
    const channel = await ivory.createChannel();
    await using encoder = publish(channel.rtmpUrl);
    const { streamId } = await ivory.untilLive(channel.arn);
    const stalledMs = Date.now();
    encoder.pause();
    const { endTime } = await untilEnded(channel.arn, streamId!, SILENCE_ENDS_AFTER_MS + 10_000);
    const afterMs = endTime.getTime() - stalledMs;
    assert.ok(afterMs >= SILENCE_ENDS_AFTER_MS - 2_000, `${afterMs} ms`);
    encoder.resume();
    assert.notEqual(await encoder.ended, 0, 'its connection is gone');
    assert.equal(await ivory.stream(channel.arn), undefined);
  });

  test('an encoder whose connection drops and that does not come back ends after 30 s', async () => {
    const channel = await ivory.createChannel();
    await using encoder = publish(channel.rtmpUrl);
    const { streamId } = await ivory.untilLive(channel.arn);
    await encoder.kill();
    await untilHealth(channel.arn, 'STARVING', STARVING_WITHIN_MS);
    await untilEnded(channel.arn, streamId!, SILENCE_ENDS_AFTER_MS + 10_000);
    assert.deepEqual(await ivory.eventNames(channel.arn), [
      'Session Created',
      'Stream Start',
      'Starvation Start',
      'Stream End',
      'Session Ended',
    ]);
  });

  test('an encoder that comes back within the grace goes on with its stream', async () => {
    const channel = await ivory.createChannel();
    await using first = publish(channel.rtmpUrl, { gopFrames: 30 });
    const { streamId, startTime } = await ivory.untilLive(channel.arn);
    const viewer = new LlHlsClient(await fetchMediaPlaylistUrl(channel.playbackUrl));
    const goesOn = (client: LlHlsClient) =>
      client.segments.filter(({ discontinuity }) => discontinuity).length === 1 &&
      !client.segments.at(-1)!.discontinuity;
    const followed = viewer.follow(goesOn);
    await until('three segments', () => viewer.segments.length >= 3, { timeoutMs: 10_000 });
    await first.kill();
    await untilHealth(channel.arn, 'STARVING', STARVING_WITHIN_MS);

    await using second = publish(channel.rtmpUrl, { gopFrames: 30 });
    const back = await untilHealth(channel.arn, 'HEALTHY', 15_000);
    assert.deepEqual([back.streamId, back.startTime], [streamId, startTime]);
    await followed;
    const numbers = viewer.segments.map(({ msn }) => msn);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers[0]! + index),
      'no number twice',
    );
    assert.equal((await ivory.sessions(channel.arn)).length, 1);
    await second.stop();
    await ivory.untilOffline(channel.arn);
    assert.deepEqual(await ivory.eventNames(channel.arn), [
      'Session Created',
      'Stream Start',
      'Starvation Start',
      'Starvation End',
      'Stream End',
      'Session Ended',
    ]);
  });

  test('an encoder that says goodbye and comes back begins another stream', async () => {
    const channel = await ivory.createChannel();
    await using first = publish(channel.rtmpUrl);
    const { streamId } = await ivory.untilLive(channel.arn);
    await first.stop();
    // Within a fraction of the half minute that one without a goodbye has.
    await ivory.untilOffline(channel.arn, 10_000);
    await using _second = publish(channel.rtmpUrl);
    const again = await ivory.untilLive(channel.arn);
    assert.notEqual(again.streamId, streamId);
    const sessions = await ivory.sessions(channel.arn);
    assert.deepEqual(
      sessions.map((session) => [session.streamId, session.endTime !== undefined]),
      [
        [again.streamId, false],
        [streamId, true],
      ],
    );
  });

  test('viewerCount counts those who play: no probe, in within 15 s, out within 60 s', async (t) => {
    const channel = await ivory.createChannel();
    await using encoder = publish(channel.rtmpUrl, { gopFrames: 30, size: '320x180' });
    await ivory.untilLive(channel.arn);
    const viewerCount = async () => (await ivory.stream(channel.arn))?.viewerCount;
    const untilCount = (count: number, timeoutMs: number) =>
      until(`${count} viewers`, async () => (await viewerCount()) === count, { timeoutMs });
    const seenCounts = new Set<number | undefined>();

    // Whoever reads each playlist once is no viewer: a link preview, a health check, ffprobe.
    const probes = async () => {
      for (let i = 0; i < 3; i++) await fetch(await fetchMediaPlaylistUrl(channel.playbackUrl));
    };
    await probes();
    let isWatching = true;
    const viewers: LlHlsClient[] = [];
    for (let i = 0; i < 2; i++) {
      viewers.push(
        new LlHlsClient(await fetchMediaPlaylistUrl(channel.playbackUrl), { isSteady: true }),
      );
    }
    const [stays, leaves] = viewers as [LlHlsClient, LlHlsClient];
    const staying = stays.follow(({ deltas }) => !isWatching && deltas > 3);
    const leaving = leaves.follow(() => !isWatching || leaves.segments.length > 20);
    const startedMs = performance.now();
    await untilCount(2, VIEW_APPEARS_WITHIN_MS);
    t.diagnostic(`both counted after ${Math.round(performance.now() - startedMs)} ms`);
    await leaving;
    const leftMs = performance.now();
    await until(
      'the view to end',
      async () => {
        const count = await viewerCount();
        seenCounts.add(count);
        return count === 1;
      },
      { timeoutMs: VIEW_GOES_WITHIN_MS },
    );
    t.diagnostic(`gone after ${Math.round(performance.now() - leftMs)} ms`);
    assert.deepEqual([...seenCounts].toSorted(), [1, 2], 'and never another number');
    isWatching = false;
    await staying;
    assert.ok(stays.deltas > 3, 'delta updates were merged');
    assert.ok(stays.playlist.mediaSequence > 1, 'segments have left the playlist');
    await encoder.stop();
  });
});
