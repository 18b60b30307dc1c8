import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { readFragments } from '../../test/support/fmp4.ts';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import type { RenditionPlan } from '../domain/ladder.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { ChannelPackager } from './channel-packager.ts';
import type { LiveWindow } from './live-window.ts';

const LADDER: readonly RenditionPlan[] = [
  { name: '400p25', video: 'source', audio: 'source' },
  {
    name: '160p30',
    video: { width: 256, height: 160, keepOneFrameIn: 1, framesPerSecond: 25, bitrateBps: 230_000 },
    audio: 'source',
  },
];

const VIDEO = 1;
const FRAME_MS = 40;
const TICKS_PER_MS = 90;

/** A picture as the encoder sends it: decoding and presentation time. */
interface Picture {
  readonly ms: number;
  readonly presentedMs: number;
  readonly isKeyframe: boolean;
}

const picture = (ms: number, isKeyframe: boolean, presentedMs = ms): Picture => ({
  ms,
  presentedMs,
  isKeyframe,
});

/** 25 pictures a second with a keyframe a second; those in [from, to) are left out. */
const steady = (untilMs: number, from = 0, to = 0): Picture[] =>
  Array.from({ length: untilMs / FRAME_MS }, (_, n) => picture(n * FRAME_MS, n % 25 === 0)).filter(
    ({ ms }) => ms < from || ms >= to,
  );

const frameOf = ({ ms, presentedMs, isKeyframe }: Picture): Frame => ({
  ...videoFrame(ms, isKeyframe),
  ctsOffsetTicks: (presentedMs - ms) * TICKS_PER_MS,
});

/** What a transcoder makes of it: decoded when presented. */
const transcoded = ({ isKeyframe, presentedMs }: Picture): Frame =>
  videoFrame(presentedMs, isKeyframe);

interface Options {
  readonly hasSound?: boolean;
  /** Pictures that the transcoder has not handed on when the next one comes in. */
  readonly holds?: number;
  readonly transcode?: (picture: Picture) => Frame;
}

/** The pictures, and the sound beside them, which goes on when there are none. */
function play(pictures: readonly Picture[], options: Options = {}): [LiveWindow, LiveWindow] {
  const { hasSound = true, holds = 0, transcode = transcoded } = options;
  const packager = new ChannelPackager({
    plan: LADDER,
    containerFormat: 'FRAGMENTED_MP4',
    isLowLatency: true,
    payloads: new SlabPool(),
    clock: new FakeClock(),
  });
  const [leader, follower] = LADDER.map((plan) => packager.sink(plan));
  const sinks = [leader!, follower!];
  for (const sink of sinks) sink.tracks(hasSound ? TRACKS : { video: TRACKS.video });
  let held: Picture[] = [];
  let sound = 0;
  const soundBefore = (ms: number) => {
    for (; hasSound && sound * 1024 < ms * 48; sound++) {
      for (const sink of sinks) sink.frame(audioFrame(sound));
    }
  };
  for (const each of pictures) {
    soundBefore(each.ms);
    leader!.frame(frameOf(each));
    // It has no B pictures: they come out as they are presented.
    held = [...held, each].sort((a, b) => a.presentedMs - b.presentedMs);
    while (held.length > holds) follower!.frame(transcode(held.shift()!));
  }
  return packager.windows as [LiveWindow, LiveWindow];
}

const gaps = (window: LiveWindow): number[] =>
  window.listedSegments.filter(({ isGap }) => isGap).map(({ msn }) => msn);

const durations = (window: LiveWindow) =>
  window.listedSegments.map(({ durationTicks, parts }) => [durationTicks, parts.length]);

const pictures = (window: LiveWindow) =>
  window.listedSegments.flatMap(({ parts }) =>
    parts.flatMap((part) =>
      readFragments(Buffer.from(part.bytes())).flatMap(({ tracks }) => tracks.get(VIDEO) ?? []),
    ),
  );

const presentedMs = (window: LiveWindow) =>
  pictures(window).map(({ ptsTicks }) => ptsTicks / TICKS_PER_MS);

function assertWhole([leader, follower]: readonly [LiveWindow, LiveWindow]): void {
  assert.ok(follower.listedSegments.length > 3);
  assert.deepEqual(gaps(follower), []);
  assert.deepEqual(
    durations(follower),
    durations(leader).slice(0, follower.listedSegments.length),
    'the same segments and parts',
  );
  for (const { msn, parts } of follower.listedSegments) {
    const isExpected = leader.segment(msn)?.parts[0]?.isIndependent;
    assert.equal(parts[0]?.isIndependent, isExpected, `the beginning of ${msn}`);
  }
  let endTicks: number | undefined;
  for (const { dtsTicks, durationTicks, ptsTicks } of pictures(follower)) {
    assert.equal(dtsTicks, endTicks ?? dtsTicks, 'decoding times are contiguous');
    assert.ok(ptsTicks >= dtsTicks, 'no picture is presented before it is decoded');
    endTicks = dtsTicks + durationTicks;
  }
}

// The step over the pause was taken for a frame's: every part was due a quarter of it before its end, and had nothing in it.
for (const pauseMs of [600, 880, 1500, 3000, 8000]) {
  test(`a picture that stands still for ${pauseMs} ms is no gap: its parts have the sound`, () => {
    const windows = play(steady(8000 + pauseMs, 4200, 4200 + pauseMs));
    assertWhole(windows);
    const expected = presentedMs(windows[0]);
    // A segment may be over before its time, as the leader's is: its last pictures, and those of the end, are not there.
    const missing = expected.filter((ms) => !presentedMs(windows[1]).includes(ms));
    assert.ok(missing.length <= 5, `${missing.length} pictures are missing`);
  });
}

test('slides, of which one comes a second, are no gaps', () => {
  const slides = Array.from({ length: 12 }, (_, n) => picture(4000 + n * 1000, n % 4 === 0));
  assertWhole(play([...steady(4000), ...slides]));
});

test('a picture that stands still without any sound is no gap', () => {
  assertWhole(play(steady(9000, 5200, 6100), { hasSound: false }));
});

// A decoder hands on its newest pictures when others follow: by then the parts of their time are out, with the sound alone.
test('pictures that a decoder held back while the picture stood still are shown late', () => {
  const windows = play(steady(12_000, 5200, 8000), { holds: 2 });
  assertWhole(windows);
  const shown = presentedMs(windows[1]);
  assert.deepEqual(
    shown,
    shown.toSorted((a, b) => a - b),
  );
});

/** A keyframe a second behind `leading` pictures of the group before: they are decoded after it, and presented before. */
function openGroups(leading: (second: number) => number, seconds: number): Picture[] {
  const delayMs = 2 * FRAME_MS;
  return Array.from({ length: seconds * 25 }, (_, n) => {
    const second = Math.floor(n / 25);
    const count = leading(second);
    const at = n % 25;
    const shown = at === 0 ? count : at <= count ? at - 1 : at;
    return picture(n * FRAME_MS, at === 0, (second * 25 + shown) * FRAME_MS + delayMs);
  });
}

// Pictures that are presented before a keyframe were due after it where it was held back by longer than the keyframe before,
// and the keyframe was due before its segment where it was held back by less: no segment began with its keyframe.
test('open groups of pictures are whole in every rendition, however many pictures their keyframes overtake', () => {
  const counts = [0, 3, 1, 0, 2, 3, 0, 1, 3, 2, 0, 3];
  const windows = play(
    openGroups((second) => counts[second] ?? 0, 12),
    { holds: 3 },
  );
  assertWhole(windows);
  const shown = presentedMs(windows[1]);
  const expected = presentedMs(windows[0]).toSorted((a, b) => a - b);
  const missing = expected.filter((ms) => ms <= shown.at(-1)! && !shown.includes(ms));
  // Those of the first keyframe that overtakes any.
  assert.deepEqual(missing, [1080, 1120, 1160]);
});

// An encoder that makes no keyframe where the source has one had no segment behind the first, for ever.
test('a segment without the leader’s keyframe is no gap', () => {
  const onlyAt = (keyframes: readonly number[]) => (each: Picture) =>
    videoFrame(each.ms, keyframes.includes(each.ms));
  const [, follower] = play(steady(8000), { transcode: onlyAt([0, 3000]) });
  assert.deepEqual(gaps(follower), []);
  assert.deepEqual(
    follower.listedSegments.slice(0, 5).map(({ parts }) => parts[0]!.isIndependent),
    [true, false, false, true, false],
  );
});
