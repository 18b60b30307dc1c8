import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { MediaPlaylist } from '../src/protocols/hls/media-playlist.ts';
import { Chromium } from './support/chromium.ts';
import { IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import { probe } from './support/judge.ts';
import { fetchMediaPlaylist, fetchMediaPlaylistUrl } from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import {
  assertVerifies,
  createRecordingConfiguration,
  recordingsOf,
  untilEvent,
} from './support/recordings.ts';
import { until } from './support/until.ts';

/** Encoders here are slow to start: two cores, a browser and another encoder. */
const RETURN_TIMEOUT_MS = 20_000;
/** After each break. */
const PLAYED_SECONDS = 6;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: IvoryProcess;
let chromium: Chromium;

before(async () => {
  directory = await temporaryDirectory();
  server = new IvoryProcess(directory.path);
  chromium = await Chromium.launch();
});
after(async () => {
  await chromium?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** Since the stream began. */
function discontinuities({ discontinuitySequence, segments, openSegment }: MediaPlaylist): number {
  const listed = [...segments, ...(openSegment ? [openSegment] : [])];
  return discontinuitySequence + listed.filter(({ discontinuity }) => discontinuity).length;
}

const nextMsn = ({ mediaSequence, segments }: MediaPlaylist): number =>
  mediaSequence + segments.length;

test('hls.js plays on over a lost connection, its encoder back, and a takeover; the recording is one', async (t) => {
  const ivory = await server.ready();
  const recordingConfigurationArn = await createRecordingConfiguration(ivory);
  const channel = await ivory.createChannel({ recordingConfigurationArn });
  const source = { size: '320x180' };
  await using lost = publish(`${channel.rtmpUrl}?priority=1`, source);
  const { streamId } = await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playHls(channel.playbackUrl);
  await viewer.untilPlaying();
  const playlistUrl = await fetchMediaPlaylistUrl(channel.playbackUrl);

  const reports = [await viewer.report()];
  const playlists = [await fetchMediaPlaylist(playlistUrl)];
  const look = async () => {
    const [report, playlist] = await Promise.all([
      viewer.report(),
      fetchMediaPlaylist(playlistUrl),
    ]);
    reports.push(report);
    playlists.push(playlist);
    return { report, playlist };
  };
  /** Until the viewer has seen some seconds of what comes after so many breaks of the timeline. */
  const untilPlayed = async (what: string, breaks: number) => {
    let since: number | undefined;
    await until(
      what,
      async () => {
        const { report, playlist } = await look();
        if (discontinuities(playlist) < breaks) return false;
        since ??= report.mediaSeconds;
        return report.mediaSeconds >= since + PLAYED_SECONDS;
      },
      { timeoutMs: RETURN_TIMEOUT_MS + PLAYED_SECONDS * 1000, intervalMs: 300 },
    );
  };

  await lost.kill();
  await look();
  await using back = publish(`${channel.rtmpUrl}?priority=1`, source);
  await untilPlayed('the encoder that came back to be played', 1);
  await using successor = publish(`${channel.rtmpUrl}?priority=2`, source);
  await back.ended;
  await untilPlayed('the encoder that took over to be played', 2);

  for (const [i, { mediaSeconds }] of reports.entries()) {
    const before = reports[i - 1]?.mediaSeconds ?? 0;
    assert.ok(mediaSeconds >= before, `back from ${before} s to ${mediaSeconds} s`);
  }
  for (const [i, playlist] of playlists.entries()) {
    const before = playlists[i - 1] ?? playlist;
    assert.ok(playlist.mediaSequence >= before.mediaSequence);
    assert.ok(playlist.discontinuitySequence >= before.discontinuitySequence);
    assert.ok(nextMsn(playlist) >= nextMsn(before));
  }
  const { errors } = reports.at(-1)!;
  assert.ok(
    errors.every(({ isFatal }) => !isFatal),
    JSON.stringify(errors),
  );
  t.diagnostic(`${reports.length} looks, ${errors.length} errors that are not fatal`);
  assert.equal((await ivory.stream(channel.arn))?.streamId, streamId);

  await successor.stop();
  await untilEvent(ivory, channel.arn, 'Recording End');
  const events = await ivory.eventNames(channel.arn);
  assert.ok(events.includes('Starvation Start'), 'the encoder was away');
  // On a busy machine it may starve again.
  assert.deepEqual(
    events.filter((name) => !name.startsWith('Starvation')),
    [
      'Session Created',
      'Stream Start',
      'Recording Start',
      'Stream Takeover',
      'Stream End',
      'Session Ended',
      'Recording End',
    ],
  );
  const [recording, ...others] = await recordingsOf(
    path.join(directory.path, 'buckets'),
    channel.arn,
  );
  assert.deepEqual(others, []);
  assert.ok(recording);
  await assertVerifies(recording);
  const { video } = await probe(path.join(recording, 'media/hls/180p30/playlist.m3u8'));
  assert.ok(video.length >= 2 * PLAYED_SECONDS * 30, `${video.length} pictures`);
  ivory.ivs.destroy();
});
