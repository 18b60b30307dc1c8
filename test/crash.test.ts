import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  GetStreamKeyCommand,
  ListChannelsCommand,
  ListStreamKeysCommand,
} from '@aws-sdk/client-ivs';
import { parseMediaPlaylist } from '../src/protocols/hls/testing/media-playlist-parser.ts';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import {
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  untilSegments,
} from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';

/** The heartbeat's interval, and a second for the machine. */
const END_IS_KNOWN_WITHIN_MS = 6_000;
const SHUTDOWN_WITHIN_MS = 5_000;
const SUPERVISORS_PATIENCE_MS = 8_000;

test('kill -9 in mid-stream: the session is ended truthfully, and the channel is free at once', async () => {
  await using directory = await temporaryDirectory();
  await using first = new IvoryProcess(directory.path);
  const before = await first.ready();
  const channel = await before.createChannel({ name: 'survivor', tags: { kept: 'yes' } });
  await using encoder = publish(channel.rtmpUrl, { gopFrames: 30 });
  const { streamId, startTime } = await before.untilLive(channel.arn);
  await untilSegments(await fetchMediaPlaylistUrl(channel.playbackUrl), 3, 20_000);
  // Acknowledged a moment before the end: it has to be there after it.
  const late = await before.createChannel({ name: 'late' });
  const { signal } = await first.kill('SIGKILL');
  const killedMs = Date.now();
  assert.equal(signal, 'SIGKILL');
  await encoder.ended;

  await using second = new IvoryProcess(directory.path);
  const after = await second.ready();
  const session = await after.session(channel.arn);
  assert.equal(session.streamId, streamId);
  assert.deepEqual(session.startTime, startTime);
  const endedMs = session.endTime!.getTime();
  assert.ok(endedMs <= killedMs + 1000, 'not after the kill');
  assert.ok(
    endedMs >= killedMs - END_IS_KNOWN_WITHIN_MS,
    `${killedMs - endedMs} ms before the kill`,
  );
  assert.deepEqual(await after.eventNames(channel.arn), [
    'Session Created',
    'Stream Start',
    'Stream End',
    'Session Ended',
  ]);
  assert.ok(session.ingestConfiguration?.video?.codec);
  assert.equal(await after.stream(channel.arn), undefined);
  const { channels } = await after.ivs.send(new ListChannelsCommand({}));
  assert.deepEqual(channels?.map(({ name }) => name).toSorted(), ['late', 'survivor']);
  const { streamKeys } = await after.ivs.send(new ListStreamKeysCommand({ channelArn: late.arn }));
  const { streamKey } = await after.ivs.send(
    new GetStreamKeyCommand({ arn: streamKeys![0]!.arn! }),
  );
  assert.equal(streamKey?.value, late.streamKey);

  const again = after.testChannel(channel.channel, channel.streamKey);
  await using successor = publish(again.rtmpUrl, { gopFrames: 30 });
  const stream = await after.untilLive(channel.arn);
  assert.notEqual(stream.streamId, streamId);
  const playlist = await untilSegments(await fetchMediaPlaylistUrl(again.playbackUrl), 2, 15_000);
  assert.equal(playlist.endList, false);
  assert.deepEqual(
    (await after.sessions(channel.arn)).map((listed) => listed.streamId),
    [stream.streamId, streamId],
  );
  await successor.stop();
});

test('SIGTERM in mid-stream: encoders and viewers are told, and it exits with 0 at once', async () => {
  await using directory = await temporaryDirectory();
  const file = path.join(directory.path, 'a.flv');
  await encodeSource(file, { durationSeconds: 60, gopFrames: 30, size: '320x180' });
  await using process = new IvoryProcess(path.join(directory.path, 'data'));
  const ivory = await process.ready();
  const channel = await ivory.createChannel();
  await using client = await RtmpClient.connect(ivory.rtmpPort);
  await client.publish(channel.streamKey);
  const replayed = replay(client, flvTags(await readFile(file)));
  const other = await ivory.createChannel();
  await using encoder = publish(other.rtmpUrl);
  const { streamId } = await ivory.untilLive(channel.arn);
  await ivory.untilLive(other.arn);
  const url = await fetchMediaPlaylistUrl(channel.playbackUrl);
  await untilSegments(url, 3, 15_000);
  // A blocking reload that is parked, and a segment that grows, when the end comes.
  const { mediaSequence, segments } = await fetchMediaPlaylist(url);
  const nextMsn = mediaSequence + segments.length;
  const parked = fetch(`${url}&_HLS_msn=${nextMsn + 1}`).then((response) => response.text());
  const growing = fetch(new URL(`${nextMsn}.m4s`, url)).then((response) => response.arrayBuffer());

  const refusal = client.nextStatus();
  const stoppedMs = Date.now();
  const { code, afterMs } = await process.kill('SIGTERM');
  assert.equal(code, 0, process.stderr);
  assert.ok(afterMs < SHUTDOWN_WITHIN_MS, `${afterMs} ms`);
  assert.match((await refusal)?.description ?? '', /shutting down/);
  assert.notEqual(await encoder.ended, 0);
  await client.closed;
  await replayed;
  assert.equal(parseMediaPlaylist(await parked).endList, true);
  assert.ok((await growing).byteLength > 1000);
  assert.equal(process.stderr, '', 'nothing to warn of');

  await using second = new IvoryProcess(path.join(directory.path, 'data'));
  const after = await second.ready();
  const session = await after.session(channel.arn, streamId);
  assert.ok(Math.abs(session.endTime!.getTime() - stoppedMs) < 2000);
  for (const { arn } of [channel, other]) {
    assert.deepEqual(await after.eventNames(arn), [
      'Session Created',
      'Stream Start',
      'Stream End',
      'Session Ended',
    ]);
  }
  assert.equal((await second.kill('SIGINT')).code, 0);
});

// Each is waited for, so that a last word reaches those who listen; all together may not take what a supervisor grants.
test('SIGTERM with an encoder that stands still and a viewer that does not read: it exits with 0 all the same', async () => {
  await using directory = await temporaryDirectory();
  await using process = new IvoryProcess(directory.path);
  const ivory = await process.ready();
  const channel = await ivory.createChannel();
  await using encoder = publish(channel.rtmpUrl, { gopFrames: 30, noise: true });
  await ivory.untilLive(channel.arn);
  const url = new URL(await fetchMediaPlaylistUrl(channel.playbackUrl));
  const { mediaSequence } = await untilSegments(url.href, 3, 15_000);
  const deaf = connect(ivory.httpPort, '127.0.0.1');
  deaf.pause().on('error', () => {});
  const segment = new URL(`${mediaSequence}.m4s`, url).pathname;
  // More than the kernel keeps for it on both sides.
  for (let i = 0; i < 16; i++) deaf.write(`GET ${segment} HTTP/1.1\r\nHost: a\r\n\r\n`);
  encoder.pause();
  const { code, afterMs } = await process.kill('SIGTERM');
  assert.equal(code, 0, process.stderr);
  assert.ok(afterMs < SUPERVISORS_PATIENCE_MS, `${afterMs} ms`);
  deaf.destroy();
  encoder.resume();
});

describe('a start that can’t be is one clear line and a non-zero exit code', {
  concurrency: 3,
}, () => {
  async function assertRefuses(
    env: Readonly<Record<string, string>>,
    line: RegExp,
    dataDirectory?: string,
  ): Promise<void> {
    await using directory = await temporaryDirectory();
    await using ivory = new IvoryProcess(dataDirectory ?? directory.path, env);
    const { code } = await ivory.ended;
    assert.equal(code, 1, ivory.stderr);
    assert.match(ivory.stderr, line);
    assert.match(ivory.stderr, /^ivory: [^\n]+\n$/, 'one line');
    assert.equal(ivory.stdout, '');
  }

  for (const name of [
    'IVORY_HTTP_PORT',
    'IVORY_HTTPS_PORT',
    'IVORY_RTMP_PORT',
    'IVORY_RTMPS_PORT',
  ]) {
    test(`${name} is taken`, async () => {
      await using other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const line = new RegExp(
        `cannot listen on 127\\.0\\.0\\.1:${port}: another process has the port.*; set ${name} to another port\n`,
      );
      await assertRefuses({ [name]: String(port) }, line);
    });
  }

  for (const [name, value, rule] of [
    ['IVORY_HTTP_PORT', '80800', /IVORY_HTTP_PORT must be a port number.*80800/],
    ['IVORY_ACCOUNT_ID', '12', /IVORY_ACCOUNT_ID must be 12 digits/],
    ['IVORY_PUBLIC_URL', 'ivory.example', /IVORY_PUBLIC_URL/],
    ['IVORY_LOG_LEVEL', 'loud', /IVORY_LOG_LEVEL must be one of/],
    [
      'IVORY_HOST',
      '203.0.113.7',
      /cannot listen on 203\.0\.113\.7:0: this machine does not have.*; set IVORY_HOST to another/,
    ],
    ['IVORY_TLS_CERT', 'cert.pem', /IVORY_TLS_KEY must be set/],
  ] as const) {
    test(`${name}=${value}`, () => assertRefuses({ [name]: value }, rule));
  }

  test('a data directory that can’t be made', async () => {
    await using directory = await temporaryDirectory();
    const file = path.join(directory.path, 'file');
    await writeFile(file, '');
    await assertRefuses({}, /cannot use data directory .*\/file\/data: /, path.join(file, 'data'));
  });

  test('a database that is none', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(path.join(directory.path, 'ivory.db'), 'x'.repeat(5000));
    await assertRefuses({}, /ivory\.db/, directory.path);
  });

  test('a data directory that another Ivory has', async () => {
    await using directory = await temporaryDirectory();
    await using first = new IvoryProcess(directory.path);
    const ivory = await first.ready();
    const channel = await ivory.createChannel();
    await assertRefuses({}, /another/, directory.path);
    // The one that was there goes on.
    assert.equal((await ivory.sessions(channel.arn)).length, 0);
    assert.equal((await first.kill('SIGTERM')).code, 0);
    await using next = new IvoryProcess(directory.path);
    await next.ready();
  });
});
