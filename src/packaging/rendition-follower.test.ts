import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { readFragments } from '../../test/support/fmp4.ts';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import type { RenditionPlan } from '../domain/ladder.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame, FrameSink } from '../media/frame.ts';
import { ChannelPackager } from './channel-packager.ts';
import type { LiveWindow } from './live-window.ts';
import type { Segment } from './segment.ts';

const LADDER: readonly RenditionPlan[] = [
  { name: '720p30', video: 'source', audio: 'source' },
  {
    name: '360p30',
    video: { width: 640, height: 360, keepOneFrameIn: 1, framesPerSecond: 30, bitrateBps: 630_000 },
    audio: 'source',
  },
];

const VIDEO = 1;
const AUDIO = 2;
const FRAME_MS = 1000 / 30;

type Item =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'break' }
  | { readonly kind: 'tracks' };

/** A source of 30 frames a second, and a transcoder of it that does what a test says. */
class World {
  readonly clock = new FakeClock();
  readonly packager = new ChannelPackager({
    plan: LADDER,
    containerFormat: 'FRAGMENTED_MP4',
    isLowLatency: true,
    payloads: new SlabPool(),
    clock: this.clock,
  });
  readonly leader: FrameSink;
  readonly follower: FrameSink;
  /** Inside the transcoder. */
  #pending: Item[] = [];
  /** Its child is gone: the next one starts at a keyframe. */
  #isDead = false;
  #isBroken = false;
  #nextMs = 0;
  #sinceKeyframe = 0;
  #nextSound = 0;

  constructor() {
    const [first, second] = LADDER;
    this.leader = this.packager.sink(first!);
    this.follower = this.packager.sink(second!);
    for (const sink of [this.leader, this.follower]) sink.tracks(TRACKS);
    this.#sinceKeyframe = Number.POSITIVE_INFINITY;
  }

  get windows(): readonly [LiveWindow, LiveWindow] {
    return this.packager.windows as [LiveWindow, LiveWindow];
  }

  /** So many pictures of the source, and the sound beside them. */
  play(pictures: number, keyframeEvery = 60): void {
    for (let n = 0; n < pictures; n++) {
      const isKeyframe = this.#sinceKeyframe >= keyframeEvery;
      this.#sinceKeyframe = isKeyframe ? 1 : this.#sinceKeyframe + 1;
      const ms = this.#nextMs;
      this.#nextMs += FRAME_MS;
      this.clock.setMonotonic(ms);
      this.#source(videoFrame(ms, isKeyframe));
      for (; this.#nextSound * 1024 < this.#nextMs * 48; this.#nextSound++) {
        this.#source(audioFrame(this.#nextSound));
      }
    }
  }

  /** So many items come out of the transcoder. */
  emit(count = Number.POSITIVE_INFINITY): void {
    for (const item of this.#pending.splice(0, count)) {
      if (item.kind === 'frame') this.follower.frame(item.frame);
      else if (item.kind === 'tracks') this.follower.tracks(TRACKS);
      else this.follower.discontinuity();
    }
  }

  die(): void {
    this.#pending = [];
    this.#isDead = this.#isBroken = true;
    this.packager.interrupted();
  }

  /** It was too slow: it goes on with the newest keyframe. */
  dropToNewestKeyframe(): void {
    const at = this.#pending.findLastIndex(
      (item) => item.kind === 'frame' && item.frame.kind === 'video' && item.frame.isKeyframe,
    );
    if (at > 0) this.#pending = [{ kind: 'break' }, ...this.#pending.slice(at)];
  }

  /** The encoder was away for so long. */
  breakSource(ms: number): void {
    this.leader.discontinuity();
    this.#pending.push({ kind: 'break' });
    this.#goOnAfter(ms);
  }

  /** The encoder changed its settings. */
  changeTracks(): void {
    this.leader.tracks(TRACKS);
    this.#pending.push({ kind: 'tracks' });
    this.#goOnAfter(33);
  }

  end(): void {
    this.emit();
    this.packager.end();
  }

  #goOnAfter(ms: number): void {
    this.#nextMs = Math.round(this.#nextMs + ms);
    this.#nextSound = Math.ceil((this.#nextMs * 48) / 1024);
    this.#sinceKeyframe = Number.POSITIVE_INFINITY;
  }

  #source(frame: Frame): void {
    this.leader.frame(frame);
    if (this.#isDead && !(frame.kind === 'video' && frame.isKeyframe)) return;
    this.#isDead = false;
    if (this.#isBroken) this.#pending.push({ kind: 'break' });
    this.#isBroken = false;
    this.#pending.push({ kind: 'frame', frame });
  }
}

const gaps = (window: LiveWindow) => window.listedSegments.map(({ isGap }) => isGap);

/** Presentation times in milliseconds of the track's samples, one list a part. */
function timesMs(segment: Segment | undefined, trackId: number): number[][] {
  const timescale = trackId === VIDEO ? 90 : 48;
  return (segment?.parts ?? []).map((part) =>
    readFragments(Buffer.from(part.bytes())).flatMap(({ tracks }) =>
      (tracks.get(trackId) ?? []).map(({ ptsTicks }) => Math.round(ptsTicks / timescale)),
    ),
  );
}

/** Whoever changes from one rendition to the other at any segment or part finds the same there. */
function assertAligned([leader, follower]: readonly [LiveWindow, LiveWindow]): void {
  assert.ok(follower.nextMsn <= leader.nextMsn, 'a follower is not ahead');
  for (let msn = follower.firstListedMsn; msn <= follower.nextMsn; msn++) {
    const [expected, segment] = [leader.segment(msn), follower.segment(msn)];
    if (!expected || !segment) continue;
    assert.equal(segment.programDateTimeMs, expected.programDateTimeMs, `date of ${msn}`);
    assert.equal(segment.isComplete && !expected.isComplete, false, `${msn} is complete`);
    if (segment.isGap) continue;
    const count = segment.parts.length;
    if (segment.isComplete) {
      assert.equal(segment.durationTicks, expected.durationTicks, `duration of ${msn}`);
      assert.equal(count, expected.parts.length, `parts of ${msn}`);
    }
    assert.deepEqual(
      segment.parts.map(({ durationTicks }) => durationTicks),
      expected.parts.slice(0, count).map(({ durationTicks }) => durationTicks),
    );
    const pictures = timesMs(segment, VIDEO);
    const leaders = timesMs(expected, VIDEO).slice(0, count);
    // What broke off in a segment's last part: the next one is a gap, or tells of a discontinuity.
    const last = leaders.at(-1)?.slice(0, pictures.at(-1)?.length);
    assert.deepEqual(pictures, [...leaders.slice(0, -1), ...(last ? [last] : [])], `of ${msn}`);
  }
}

test('a follower has no gap where the leader’s segment begins without a keyframe, too', () => {
  const world = new World();
  for (let n = 0; n < 600; n++) {
    world.play(1, n < 240 ? 120 : 240);
    world.emit();
  }
  const [leader, follower] = world.windows;
  assert.ok(leader.listedSegments.some(({ parts }) => !parts[0]!.isIndependent));
  assert.ok(gaps(follower).every((isGap) => !isGap));
  assertAligned(world.windows);
});

test('behind a gap a follower goes on with a keyframe, not with what it can’t decode', () => {
  const world = new World();
  for (let n = 0; n < 900; n++) {
    if (n === 400) world.die();
    world.play(1, n < 240 ? 120 : 240);
    world.emit();
  }
  const [, follower] = world.windows;
  const afterGap = follower.listedSegments.find(
    (segment, index, all) => all[index - 1]?.isGap && !segment.isGap,
  );
  assert.ok(afterGap?.parts[0]?.isIndependent);
  assertAligned(world.windows);
});

test('what comes when its segment was given up is left out of the next one', () => {
  const world = new World();
  world.play(150);
  world.emit();
  world.play(200);
  world.emit();
  world.play(120);
  world.emit();
  assert.ok(gaps(world.windows[1]).includes(true), 'a segment was given up');
  assert.equal(gaps(world.windows[1]).at(-1), false);
  assertAligned(world.windows);
  for (const segment of world.windows[1].listedSegments.filter(({ isGap }) => !isGap)) {
    const [sound] = timesMs(segment, AUDIO).flat();
    const [picture] = timesMs(segment, VIDEO).flat();
    assert.ok(
      Math.abs(sound! - picture!) <= 45,
      `sound from ${sound} ms, pictures from ${picture} ms`,
    );
  }
});

test('the sound by itself begins where its first segment does', () => {
  const world = new World();
  world.play(100);
  const sound = world.packager.add({ name: 'audio_only', video: undefined, audio: 'source' });
  sound.tracks(TRACKS);
  for (let n = Math.ceil((100 * FRAME_MS * 48) / 1024); n < 400; n++) {
    sound.frame(audioFrame(n));
  }
  world.play(150);
  const window = world.packager.windows[2]!;
  const [first] = window.listedSegments;
  const [begins] = timesMs(first, AUDIO).flat();
  const [picture] = timesMs(world.windows[0].segment(first!.msn), VIDEO).flat();
  assert.ok(begins! >= picture! - 22 && begins! <= picture! + 22, `${begins} ms, not ${picture}`);
});

test('a frame rate that nobody has stated is measured', () => {
  const packager = new ChannelPackager({
    plan: LADDER.map((plan) =>
      typeof plan.video === 'object'
        ? { ...plan, video: { ...plan.video, framesPerSecond: 0 } }
        : plan,
    ),
    containerFormat: 'FRAGMENTED_MP4',
    isLowLatency: true,
    payloads: new SlabPool(),
    clock: new FakeClock(),
  });
  for (const plan of LADDER) packager.sink(plan).tracks({ video: TRACKS.video });
  for (let n = 0; n < 200; n++) {
    const frame = videoFrame(n * FRAME_MS, n % 60 === 0);
    for (const plan of LADDER) packager.sink(plan).frame(frame);
  }
  assert.equal(packager.windows[1]?.describe().picture?.framesPerSecond, 30);
});

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('play' as const), count: fc.nat(40) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('emit' as const), count: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('break' as const), ms: fc.nat(9000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tracks' as const) }) },
);

test('whatever a transcoder does, segments and parts of the same number are of the same pictures', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 120, size: 'max' }),
      fc.constantFrom(15, 20, 30, 45, 60, 200),
      (actions, keyframeEvery) => {
        const world = new World();
        let steps = 0;
        for (const each of actions) {
          if (each.kind === 'play') world.play(each.count, keyframeEvery);
          else if (each.kind === 'emit') world.emit(each.count);
          else if (each.kind === 'die') world.die();
          else if (each.kind === 'drop') world.dropToNewestKeyframe();
          else if (each.kind === 'break') world.breakSource(each.ms);
          else world.changeTracks();
          if (++steps % 20 === 0) assertAligned(world.windows);
        }
        // However bad it was, it is well again some segments later. They have to begin with keyframes.
        const lastKeyframeEvery = Math.min(keyframeEvery, 60);
        for (let n = 0; n < 4 * lastKeyframeEvery + 120; n++) {
          world.play(1, lastKeyframeEvery);
          world.emit();
        }
        assert.equal(gaps(world.windows[1]).at(-1) ?? false, false, 'it recovers');
        world.end();
        assertAligned(world.windows);
        assert.equal(world.windows[1].nextMsn, world.windows[0].nextMsn);
      },
    ),
    { numRuns: 60, endOnFailure: !process.env['FC_SHRINK'], interruptAfterTimeLimit: 20_000 },
  );
});
