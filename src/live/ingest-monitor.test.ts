import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { TRACKS, videoFrame } from '../../test/support/media.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import type { ReceivedMedia } from '../domain/stream-measurements.ts';
import type { Frame } from '../media/frame.ts';
import { IngestMonitor } from './ingest-monitor.ts';

const CHANNEL = {
  ...{ type: 'STANDARD', preset: '' },
  multitrackInputConfiguration: { enabled: false, policy: 'ALLOW', maximumResolution: 'FULL_HD' },
} as ChannelRecord;
/** Of STANDARD channels. */
const MAX_BITRATE_BPS = 8_500_000;

const picture = (ms: number): Frame => videoFrame(ms, ms === 0);

const UNDERWAY: ReceivedMedia = {
  videoByteLength: 500,
  audioByteLength: 50,
  frames: 3,
  mediaMs: 100,
};

test('what is held by another thread has been received, from the first picture on', () => {
  const monitor = new IngestMonitor(CHANNEL, new FakeClock(), () => UNDERWAY);
  assert.equal(monitor.counts.frames, 0);
  assert.equal(monitor.counts.videoByteLength, 0);
  for (const ms of [0, 33, 66]) {
    monitor.frame(picture(ms));
    monitor.received('video', 1_000);
  }
  monitor.received('audio', 30);
  const { videoByteLength, audioByteLength, frames, mediaMs } = monitor.counts;
  assert.deepEqual(
    { videoByteLength, audioByteLength, frames, mediaMs },
    { videoByteLength: 3_500, audioByteLength: 80, frames: 6, mediaMs: 166 },
  );
});

test('rates do not show that frames are handed over a part at a time', () => {
  const clock = new FakeClock();
  let underway: ReceivedMedia | undefined;
  const monitor = new IngestMonitor(CHANNEL, clock, () => underway);
  let held: Frame[] = [];
  for (let frame = 0; frame < 300; frame++) {
    held.push(picture(frame * 40));
    // Parts of seven pictures, so that a second has them in another place each time.
    if (frame === 0 || held.length === 7) {
      for (const each of held) {
        monitor.received('video', 100);
        monitor.frame(each);
      }
      held = [];
    }
    const { length: frames } = held;
    underway = { videoByteLength: frames * 100, audioByteLength: 0, frames, mediaMs: frames * 40 };
    clock.advance(40);
    if (frame % 25 !== 0 || frame < 25) continue;
    monitor.sample();
    assert.equal(monitor.judge(), frame > 25 ? 'HEALTHY' : 'UNKNOWN');
    if (frame > 25) assert.equal(monitor.measurements.framesPerSecond, 25);
  }
});

/**
 * Seconds of an encoder, each with how many seconds of its media arrive in it; returns the seconds with a breach. `msOf`: the time that
 * it gives its pictures.
 */
function breaches(
  paces: readonly number[],
  bitrateBps: number,
  msOf = (frame: number) => frame * 40,
): number[] {
  const clock = new FakeClock();
  const monitor = new IngestMonitor(CHANNEL, clock, () => undefined);
  monitor.announced(TRACKS);
  let frames = 0;
  return paces.flatMap((pace, second) => {
    for (let frame = 0; frame < pace * 25; frame++) {
      monitor.received('video', bitrateBps / 25 / 8);
      monitor.frame(picture(msOf(frames++)));
    }
    clock.advance(1_000);
    return monitor.breach() ? [second] : [];
  });
}

const seconds = (count: number, pace: number) => Array.from({ length: count }, () => pace);

test('what was held back and comes at once is not a higher bit rate', () => {
  for (const lateSeconds of [3, 8, 15, 25]) {
    const paces = [
      ...seconds(20, 1),
      ...seconds(lateSeconds, 0),
      ...seconds(5, (lateSeconds + 5) / 5),
      ...seconds(30, 1),
    ];
    assert.deepEqual(breaches(paces, MAX_BITRATE_BPS * 0.9), [], `${lateSeconds} s late`);
  }
});

test('a bit rate above the limit is one, late or not, and so is media ahead of its time', () => {
  assert.ok(breaches(seconds(30, 1), MAX_BITRATE_BPS * 1.1).length > 10);
  const late = [...seconds(20, 1), ...seconds(8, 0), ...seconds(5, 2.6), ...seconds(30, 1)];
  assert.ok(breaches(late, MAX_BITRATE_BPS * 1.1).length > 30);
  assert.ok(breaches([...seconds(20, 1), ...seconds(20, 2)], MAX_BITRATE_BPS * 0.9).length > 5);
});

test('who says of its pictures that they are late has no more room than it left unused', () => {
  const frozenFrames = 600 * 25;
  const msOf = (frame: number) =>
    frame < frozenFrames ? frame : frozenFrames + (frame - frozenFrames) * 100;
  const paces = [...seconds(600, 1), ...seconds(9, 25)];
  const first = breaches(paces, MAX_BITRATE_BPS * 0.99, msOf)[0] ?? Number.POSITIVE_INFINITY;
  assert.ok(first >= 600 && first <= 601, `after ${first} s`);
});

test('rates are none, and never less, when what was underway is lost with its thread', () => {
  const clock = new FakeClock();
  let underway: ReceivedMedia | undefined = UNDERWAY;
  const monitor = new IngestMonitor(CHANNEL, clock, () => underway);
  monitor.frame(picture(0));
  monitor.sample();
  underway = undefined;
  clock.advance(1_000);
  monitor.sample();
  const { videoBitrateBps, audioBitrateBps, framesPerSecond } = monitor.measurements;
  assert.deepEqual([videoBitrateBps, audioBitrateBps, framesPerSecond], [0, 0, 0]);
});
