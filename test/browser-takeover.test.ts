import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserStage } from './support/browser-stage.ts';
import { publish } from './support/publisher.ts';

const { ivory, chromium } = await browserStage();

test('hls.js plays on, neither back nor with a fatal error, when another encoder takes over', async () => {
  const channel = await ivory.createChannel();
  await using running = publish(`${channel.rtmpUrl}?priority=1`);
  const { streamId } = await ivory.untilLive(channel.arn);
  await using viewer = await chromium.playHls(channel.playbackUrl);
  await viewer.untilPlaying();

  await using refused = publish(`${channel.rtmpUrl}?priority=1`);
  assert.notEqual(await refused.ended, 0);
  await using other = publish(`${channel.rtmpUrl}?priority=2`, { size: '320x180' });
  assert.notEqual(await other.ended, 0);
  assert.equal(running.hasEnded, false);

  await using successor = publish(`${channel.rtmpUrl}?priority=2`);
  await running.ended;
  const before = await viewer.report();
  const reports = await viewer.watch(8);
  for (const [i, { mediaSeconds }] of reports.entries()) {
    assert.ok(mediaSeconds >= (reports[i - 1] ?? before).mediaSeconds, 'no rewind');
  }
  assert.ok(reports.at(-1)!.mediaSeconds > before.mediaSeconds + 4);
  const { errors } = reports.at(-1)!;
  assert.ok(
    errors.every(({ isFatal }) => !isFatal),
    JSON.stringify(errors),
  );
  assert.equal(successor.hasEnded, false);
  assert.equal((await ivory.stream(channel.arn))?.streamId, streamId);
  const { truncatedEvents = [] } = await ivory.session(channel.arn);
  assert.deepEqual(truncatedEvents.map(({ name, code }) => [name, code]).reverse(), [
    ['Session Created', undefined],
    ['Stream Start', undefined],
    ['Stream Takeover Failure', 'StreamTakeoverInvalidPriority'],
    ['Stream Takeover Failure', 'StreamTakeoverMediaMismatch'],
    ['Stream Takeover', undefined],
  ]);
});
