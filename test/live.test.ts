import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  DeleteChannelCommand,
  ListStreamsCommand,
  StopStreamCommand,
  UpdateChannelCommand,
} from '@aws-sdk/client-ivs';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { readFragments } from './support/fmp4.ts';
import { startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import {
  fetchBytes,
  fetchMediaPlaylist,
  fetchMediaPlaylistUrl,
  fetchMultivariant,
  LlHlsClient,
  median,
  untilSegments,
} from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';

const run = promisify(execFile);

/** On a machine that does nothing else it is 2 to 3 ms; here ffmpeg, the viewer's checks and the server share two cores. */
const MEDIAN_LATENCY_MS = 30;
/** What the issue asks for, with the whole suite beside it. */
const LATE_MS = 150;

test('a low-latency player gets each part as soon as its last frame is sent, and can trust every reload', async (t) => {
  await using directory = await temporaryDirectory();
  const source = { durationSeconds: 14, bFrames: 2 };
  const file = await encodeSource(path.join(directory.path, 'source.flv'), source);
  const tags = [...flvTags(await readFile(file))];
  await using ivory = await startIvoryForTest();
  const channel = await ivory.createChannel();
  await using encoder = await RtmpClient.connect(ivory.rtmpPort);
  await encoder.publish(channel.streamKey);

  const sentAtMs: number[] = [];
  const replayed = replay(encoder, tags, {
    onSent: ({ kind, body }, atMs) => {
      if (kind === 'video' && body[1] === 1) sentAtMs.push(atMs);
    },
  }).then(() => encoder.unpublish(channel.streamKey));
  await ivory.untilLive(channel.arn);
  const viewer = new LlHlsClient(await fetchMediaPlaylistUrl(channel.playbackUrl), {
    isSteady: true,
  });
  await Promise.all([replayed, viewer.follow(() => false)]);

  // Frames are counted through the parts, from the first: so each part's last frame is known, and when it was sent.
  let frames = 0;
  const latenciesMs: number[] = [];
  const listedLaterMs: number[] = [];
  for (const { bytes, hintedAtMs, listedAtMs } of viewer.parts) {
    frames += readFragments(bytes)[0]!.tracks.get(1)!.length;
    if (hintedAtMs === undefined) continue;
    latenciesMs.push(hintedAtMs - sentAtMs[frames - 1]!);
    listedLaterMs.push(Math.abs(listedAtMs - hintedAtMs));
  }
  assert.equal(frames, sentAtMs.length, 'every frame');
  assert.ok(viewer.keptHints >= 50, `${viewer.keptHints} hints came true`);
  assert.ok(viewer.missedHints <= 1, 'no hint but the one at the end of the stream was in vain');
  const most = (list: readonly number[]) =>
    list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.9)]!;
  t.diagnostic(
    `part after its last frame: median ${median(latenciesMs).toFixed(1)} ms, worst ${Math.max(...latenciesMs).toFixed(1)} ms; ` +
      `playlist beside part: median ${median(listedLaterMs).toFixed(1)} ms, worst ${Math.max(...listedLaterMs).toFixed(1)} ms`,
  );
  assert.ok(Math.min(...latenciesMs) > 0, 'no part is there before its last frame');
  assert.ok(median(latenciesMs) < MEDIAN_LATENCY_MS, `${median(latenciesMs)} ms`);
  // Nine of ten: the others may be the machine's.
  assert.ok(most(latenciesMs) < LATE_MS, `${most(latenciesMs)} ms`);
  assert.ok(most(listedLaterMs) < LATE_MS, `${most(listedLaterMs)} ms`);

  // Open segments came as they grew: over most of their two seconds, not at their end.
  const grown = viewer.segments.map(({ msn }) => viewer.growthOf(msn)).filter((g) => g.length > 5);
  assert.ok(grown.length >= 4, `${grown.length} segments were seen growing`);
  for (const times of grown.slice(1)) {
    assert.ok(times.at(-1)! - times[0]! > 1_000, `grew in ${times.at(-1)! - times[0]!} ms`);
  }
});

test('a stream from its first frame to its end, as the API and its viewers see it', async () => {
  await using ivory = await startIvoryForTest();
  const channel = await ivory.createChannel({ name: 'story' });
  const { ivs } = ivory;
  const notFound = await fetch(channel.playbackUrl);
  assert.equal(notFound.status, 404);
  assert.deepEqual(await notFound.json(), [
    {
      url: new URL(channel.playbackUrl).pathname,
      error: 'transcode does not exist',
      error_code: 'transcode_does_not_exist',
      type: 'error',
    },
  ]);
  assert.equal(await ivory.stream(channel.arn), undefined);

  const beganMs = Date.now();
  await using encoder = publish(channel.rtmpUrl, { gopFrames: 30 });
  const live = await ivory.untilLive(channel.arn);
  assert.equal(live.state, 'LIVE');
  assert.equal(live.channelArn, channel.arn);
  assert.equal(new URL(live.playbackUrl!).pathname, new URL(channel.playbackUrl).pathname);
  const startMs = live.startTime!.getTime();
  assert.ok(startMs >= beganMs - 1000 && startMs <= Date.now(), live.startTime?.toISOString());
  const { streams } = await ivs.send(new ListStreamsCommand({}));
  assert.deepEqual(
    streams?.map(({ streamId, state }) => [streamId, state]),
    [[live.streamId, 'LIVE']],
  );

  // What is on air can't be changed or deleted under its viewers.
  const conflict = { name: 'ConflictException', $metadata: { httpStatusCode: 409 } };
  const refused = (error: { name: string; $metadata: { httpStatusCode?: number } }) => {
    const { name, $metadata } = error;
    assert.deepEqual({ name, $metadata: { httpStatusCode: $metadata.httpStatusCode } }, conflict);
    return true;
  };
  await assert.rejects(ivs.send(new DeleteChannelCommand({ arn: channel.arn })), refused);
  const update = new UpdateChannelCommand({ arn: channel.arn, name: 'other' });
  await assert.rejects(ivs.send(update), refused);

  const { variants, sessionData } = await fetchMultivariant(channel.playbackUrl);
  const [variant] = variants;
  assert.deepEqual(variant?.resolution, { width: 640, height: 360 });
  assert.equal(variant?.frameRate, 30);
  assert.ok(variant.bandwidthBps > 300_000 && variant.bandwidthBps < 3_000_000);
  const serverTime = Number(sessionData.find(({ dataId }) => dataId === 'SERVER-TIME')?.value);
  assert.ok(Math.abs(serverTime * 1000 - Date.now()) < 1000);
  const url = variant.uri;
  await assertServedAsHttp(url);
  await assertPlaysLive(channel.playbackUrl);

  const sentAway = encoder.ended;
  await ivs.send(new StopStreamCommand({ channelArn: channel.arn }));
  assert.equal(await ivory.stream(channel.arn), undefined, 'offline when StopStream has answered');
  await sentAway;
  assert.notEqual(encoder.child.exitCode, 0, 'ffmpeg saw its connection end');
  const last = await fetchMediaPlaylist(url);
  assert.equal(last.endList, true);
  for (const { uri } of last.segments) await fetchBytes(new URL(uri, url).href);
  assert.equal((await fetch(channel.playbackUrl)).status, 404);
  assert.deepEqual(await ivory.eventNames(channel.arn), [
    'Session Created',
    'Stream Start',
    'Stream End',
    'Session Ended',
  ]);
  await assert.rejects(ivs.send(new StopStreamCommand({ channelArn: channel.arn })), {
    name: 'ChannelNotBroadcasting',
  });
  await ivs.send(new DeleteChannelCommand({ arn: channel.arn }));
  assert.deepEqual(
    (await ivory.sessions(channel.arn)).map(({ streamId, endTime }) => [streamId, !!endTime]),
    [[live.streamId, true]],
    'sessions outlive their channel',
  );
});

/** A player of another make, which knows none of the low-latency tags, while the stream is on. */
async function assertPlaysLive(playbackUrl: string): Promise<void> {
  const { stdout, stderr } = await run('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-progress', 'pipe:1'],
    ...['-t', '3', '-i', playbackUrl, '-f', 'null', '-'],
  ]);
  // ffmpeg reads an init segment again that it knows, and warns of itself.
  assert.equal(stderr.replaceAll(/^.*Found duplicated MOOV Atom. Skipped it\n/gm, ''), '');
  const frames = Number(
    stdout
      .match(/frame=(\d+)/g)
      ?.at(-1)
      ?.slice('frame='.length),
  );
  assert.ok(Math.abs(frames - 90) <= 1, `${frames} frames in 3 s`);
}

/** Range, HEAD, gzip, CORS, caching and the 400 rules, over a real connection. */
async function assertServedAsHttp(url: string): Promise<void> {
  // Long enough that compressing it is worth it.
  const { segments } = await untilSegments(url, 3, 10_000);
  const segmentUrl = new URL(segments[0]!.uri, url).href;
  const whole = await fetchBytes(segmentUrl);
  const range = await fetch(segmentUrl, { headers: { range: 'bytes=100-299' } });
  assert.equal(range.status, 206);
  assert.equal(range.headers.get('content-range'), `bytes 100-299/${whole.byteLength}`);
  assert.ok(Buffer.from(await range.arrayBuffer()).equals(whole.subarray(100, 300)));
  const head = await fetch(segmentUrl, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(whole.byteLength));
  assert.equal(head.headers.get('access-control-allow-origin'), '*');
  assert.match(head.headers.get('cache-control') ?? '', /immutable/);
  const playlist = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(playlist.headers.get('content-encoding'), 'gzip');
  assert.match(await playlist.text(), /^#EXTM3U/);
  for (const [query, status] of [
    ['_HLS_msn=100000', 400],
    ['_HLS_part=0', 400],
    ['_HLS_msn=abc', 400],
    ['_HLS_msn=1', 200],
  ] as const) {
    const response = await fetch(`${url}&${query}`);
    await response.body?.cancel();
    assert.equal(response.status, status, query);
  }
}
