import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlvTag, flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import {
  type IvoryInProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import {
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  untilSegments,
} from './support/ll-hls-client.ts';
import { Publisher, publish, sourceArguments } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';

const STARTED = 'NetStream.Publish.Start';

describe('whoever may not publish is told why, and the stream beside it goes on', () => {
  let ivory: IvoryInProcess;
  let onAir: TestChannel;
  let encoder: Publisher;
  let streamId: string | undefined;
  before(async () => {
    ivory = await startIvoryForTest();
    onAir = await ivory.createChannel();
    encoder = publish(onAir.rtmpsUrl);
    streamId = (await ivory.untilLive(onAir.arn)).streamId;
  });
  after(async () => {
    await encoder[Symbol.asyncDispose]();
    await ivory[Symbol.asyncDispose]();
  });

  /** Its log lines that are warnings, since a moment. */
  const reasonsSince = (index: number) =>
    ivory.log.lines.slice(index).filter(({ level }) => level === 'warn');

  test('RTMPS with our own certificate is taken', async () => {
    const playlist = await untilSegments(await fetchMediaPlaylistUrl(onAir.playbackUrl), 2, 15_000);
    assert.equal(playlist.endList, false);
  });

  test('an unknown key', async () => {
    const logged = ivory.log.lines.length;
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    const { level, code } = await client.publish('sk_us-west-2_unknownunknown');
    assert.deepEqual([level, code], ['error', 'NetStream.Publish.BadName']);
    await client.closed;
    assert.deepEqual(
      reasonsSince(logged).map(({ fields }) => fields['refusal']),
      ['unknown-stream-key'],
    );
  });

  test('an unknown key, with ffmpeg', async () => {
    await using stranger = publish(`rtmp://127.0.0.1:${ivory.rtmpPort}/app/sk_unknown`);
    assert.notEqual(await stranger.ended, 0);
  });

  test('another application than app', async () => {
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    const { code } = await client.publish(onAir.streamKey, 'live');
    assert.equal(code, 'NetConnection.Connect.InvalidApp');
    await client.closed;
  });

  test('a second publisher on a channel that is live', async () => {
    const logged = ivory.log.lines.length;
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    const { level, code, description } = await client.publish(onAir.streamKey);
    assert.deepEqual([level, code], ['error', 'NetStream.Publish.BadName']);
    assert.match(description, /already live/);
    await client.closed;
    assert.deepEqual(
      reasonsSince(logged).map(({ fields }) => fields['refusal']),
      ['channel-already-live'],
    );
  });

  test('plain RTMP where the channel does not allow it; RTMPS is', async () => {
    const channel = await ivory.createChannel({ insecureIngest: false });
    await using plain = await RtmpClient.connect(ivory.rtmpPort);
    const { code, description } = await plain.publish(channel.streamKey);
    assert.equal(code, 'NetStream.Publish.Rejected');
    assert.match(description, /RTMPS/);
    await plain.closed;
    await using secure = await RtmpClient.connect(ivory.rtmpsPort, { tls: true });
    assert.equal((await secure.publish(channel.streamKey)).code, STARTED);
  });

  test('a stream key that carries a query is the key before it', async () => {
    const channel = await ivory.createChannel();
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    const { code } = await client.publish(`${channel.streamKey}?keyframeInterval=2&priority=1`);
    assert.equal(code, STARTED);
  });

  test('audio only', async () => {
    const channel = await ivory.createChannel();
    const logged = ivory.log.lines.length;
    await using encoderOfSound = new Publisher([
      ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'sine'],
      ...['-c:a', 'aac', '-f', 'flv', channel.rtmpUrl],
    ]);
    assert.notEqual(await encoderOfSound.ended, 0);
    await ivory.untilOffline(channel.arn);
    assert.deepEqual(
      reasonsSince(logged).map(({ fields }) => fields['code']),
      ['audio-only'],
    );
    assert.deepEqual(await ivory.eventNames(channel.arn), ['Session Created', 'Session Ended']);
  });

  for (const [codec, makeTag] of [
    ['HEVC as Enhanced RTMP sends it', enhancedHevc],
    ['HEVC under the codec id 12', legacyHevc],
  ] as const) {
    test(codec, async () => {
      const channel = await ivory.createChannel();
      await using client = await RtmpClient.connect(ivory.rtmpPort);
      assert.equal((await client.publish(channel.streamKey)).code, STARTED);
      const refusal = client.nextStatus();
      client.sendTag(makeTag());
      const status = await refusal;
      assert.deepEqual([status?.level, status?.code], ['error', 'NetStream.Publish.Rejected']);
      assert.match(status?.description ?? '', /HEVC is not supported: only H\.264 is/);
      await client.closed;
    });
  }

  test('MP3 beside the picture', async () => {
    const channel = await ivory.createChannel();
    const source = sourceArguments({ audio: { sampleRate: 44_100, channels: 2 } }, true);
    const args = source.map((argument) => (argument === 'aac' ? 'libmp3lame' : argument));
    await using withMp3 = new Publisher([...args, '-f', 'flv', channel.rtmpUrl]);
    assert.notEqual(await withMp3.ended, 0);
    await ivory.untilOffline(channel.arn);
  });

  test('what is no FLV after an honest beginning ends that connection only', async () => {
    await using directory = await temporaryDirectory();
    const file = await encodeSource(path.join(directory.path, 'a.flv'), { durationSeconds: 2 });
    const channel = await ivory.createChannel();
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    await client.publish(channel.streamKey);
    await replay(client, flvTags(await readFile(file)));
    await ivory.untilLive(channel.arn);
    const refusal = client.nextStatus();
    // A picture whose first NAL unit claims to be longer than the message.
    const body = Buffer.from([0x17, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x65]);
    client.sendTag({ kind: 'video', timestampMs: 2100, body });
    assert.match((await refusal)?.code ?? 'closed', /^NetStream\.Publish\.|closed/);
    await client.closed;
    await ivory.untilOffline(channel.arn);
  });

  test('through all of it the stream was the same one, without a break', async () => {
    const stream = await ivory.stream(onAir.arn);
    assert.equal(stream?.streamId, streamId);
    const playlist = await fetchMediaPlaylist(await fetchMediaPlaylistUrl(onAir.playbackUrl));
    assert.ok(playlist.segments.every(({ discontinuity }) => !discontinuity));
    assert.deepEqual(await ivory.eventNames(onAir.arn), ['Session Created', 'Stream Start']);
    encoder.child.kill('SIGINT');
    await once(encoder.child, 'close');
    await ivory.untilOffline(onAir.arn);
  });

  test('no line of the log has a stream key in it', () => {
    const log = JSON.stringify(ivory.log.lines, (_, value) =>
      value instanceof Error ? value.stack : value,
    );
    assert.doesNotMatch(log, /sk_us-west-2_/);
  });
});

/** Enhanced RTMP v2, ExVideoTagHeader: isExVideoHeader, keyframe, SequenceStart, FourCC. */
function enhancedHevc(): FlvTag {
  const body = Buffer.concat([Buffer.of(0x80 | 0x10 | 0), Buffer.from('hvc1'), Buffer.alloc(23)]);
  return { kind: 'video', timestampMs: 0, body };
}

function legacyHevc(): FlvTag {
  return { kind: 'video', timestampMs: 0, body: Buffer.from([0x1c, 0, 0, 0, 0, 1, 2, 3]) };
}
