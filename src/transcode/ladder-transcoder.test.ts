import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import type { RenditionPlan } from '../domain/ladder.ts';
import { silentLogger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { LadderTranscoder, type TranscodeTrouble } from './ladder-transcoder.ts';
import { FakeTranscoders, timesMs } from './testing/fake-transcoder.ts';
import { RecordingSink } from './testing/recording-sink.ts';

const PLAN: RenditionPlan = {
  name: '160p30',
  video: { width: 284, height: 160, keepOneFrameIn: 1, framesPerSecond: 10, bitrateBps: 230_000 },
  audio: 'source',
};

function setUp({ plan = [PLAN] as readonly RenditionPlan[], sink = new RecordingSink() } = {}) {
  const clock = new FakeClock();
  const factory = new FakeTranscoders();
  const troubles: TranscodeTrouble[] = [];
  const transcoder = new LadderTranscoder({
    sinks: new Map(plan.map(({ name }) => [name, sink])),
    encoder: { encoder: 'libx264' },
    factory,
    payloads: new SlabPool(),
    clock,
    log: silentLogger,
    onTrouble: (trouble) => troubles.push(trouble),
  });
  transcoder.plan(plan);
  /** Frames [from, to) of 10 a second, a keyframe a second, and sound. */
  const feed = (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      transcoder.frame(videoFrame(n * 100, n % 10 === 0));
      for (let a = Math.ceil((n * 4800) / 1024); a * 1024 < (n + 1) * 4800; a++) {
        transcoder.frame(audioFrame(a));
      }
    }
  };
  transcoder.tracks(TRACKS);
  return { clock, factory, troubles, transcoder, sink, feed };
}

test('LadderTranscoder starts ffmpeg at the first keyframe', () => {
  const { factory, feed } = setUp();
  feed(5, 10);
  assert.equal(factory.children.length, 0);
  feed(10, 11);
  assert.equal(factory.children.length, 1);
});

test('frames come out at the time they went in, with the sound of the source in order', () => {
  const { factory, sink, feed } = setUp();
  feed(10, 13);
  factory.newest.work();
  assert.equal(sink.story, 'tKaaaaavaaaaav');
  assert.deepEqual(timesMs(sink.frames('video')), [1000, 1100, 1200]);
  assert.deepEqual(
    sink.frames('audio').map(({ dtsTicks }) => dtsTicks / 1024),
    [47, 48, 49, 50, 51, 52, 53, 54, 55, 56].slice(0, sink.frames('audio').length),
  );
});

test('the sound of a rendition is a copy: its memory has an owner of its own', () => {
  const { factory, sink, transcoder } = setUp();
  const sound = audioFrame(0);
  transcoder.frame(videoFrame(0, true));
  transcoder.frame(sound);
  transcoder.frame(videoFrame(100, false));
  factory.newest.work();
  const [copy] = sink.frames('audio');
  assert.deepEqual(Buffer.from(copy!.payload), Buffer.from(sound.payload));
  assert.notEqual(copy!.payload.buffer, sound.payload.buffer);
});

test('a child that dies is followed by another at the next keyframe, after a discontinuity', () => {
  const { factory, sink, feed, troubles } = setUp();
  feed(0, 5);
  factory.newest.work();
  factory.newest.exit({ exitCode: 1, lastErrorLine: 'boom' });
  assert.deepEqual(troubles, [
    { kind: 'died', exitCode: 1, signal: undefined, lastErrorLine: 'boom' },
  ]);
  feed(5, 12);
  factory.newest.work();
  assert.equal(factory.children.length, 2);
  assert.equal(troubles.length, 1);
  assert.equal(sink.story.replaceAll('a', ''), 'tKvvvvdKv');
  assert.deepEqual(timesMs(sink.frames('video')).slice(-2), [1000, 1100]);
});

test('children that die at once are started ever more seldom', () => {
  const { factory, feed, clock } = setUp();
  for (let second = 0; second < 40; second++) {
    const before = factory.children.length;
    feed(second * 10, second * 10 + 10);
    if (factory.children.length > before) factory.newest.exit({ exitCode: 1 });
    clock.advance(1_000);
  }
  // At 0, 1 (at once), then 1, 2, 4, 8, 16 s later.
  assert.equal(factory.children.length, 7);
});

// Nobody was told: its stream was live, healthy and not to be seen for as long as its encoder sent.
test('three children in a row that die before their first picture are told of, once', () => {
  const { factory, feed, clock, troubles } = setUp();
  const die = (second: number, work: boolean) => {
    feed(second * 10, second * 10 + 10);
    if (work) factory.newest.work();
    factory.newest.exit({ exitCode: 1 });
    clock.advance(60_000);
  };
  const kinds = () => troubles.splice(0).map(({ kind }) => kind);
  for (const [second, works] of [false, false, true, false, false].entries()) die(second, works);
  assert.deepEqual(new Set(kinds()), new Set(['died']), 'one between them has worked');
  for (const second of [5, 6, 7]) die(second, false);
  assert.deepEqual(kinds(), ['died', 'no-pictures', 'died', 'died']);
});

test('a child has worked when each of its videos has given a picture', () => {
  const { factory, feed, clock, troubles } = setUp({ plan: [PLAN, { ...PLAN, name: '80p30' }] });
  for (const second of [0, 1, 2]) {
    feed(second * 10, second * 10 + 10);
    factory.newest.work();
    factory.newest.exit({ exitCode: 1 });
    clock.advance(60_000);
  }
  assert.deepEqual(troubles.at(-1), { kind: 'no-pictures', deaths: 3 });
});

test('a break of the source lets the child finish, and the next one comes after it', () => {
  const { factory, sink, feed, transcoder } = setUp();
  feed(0, 3);
  transcoder.discontinuity();
  const [first] = factory.children;
  assert.ok(first!.inputEnded);
  feed(10, 12);
  assert.equal(factory.children.length, 1, 'one child at a time');
  first!.work();
  first!.exit();
  factory.newest.work();
  assert.equal(sink.story.replaceAll('a', ''), 'tKvvdKv');
  transcoder.tracks(TRACKS);
  factory.newest.exit();
  feed(20, 21);
  factory.newest.work();
  assert.equal(sink.story.replaceAll('a', ''), 'tKvvdKvtK');
});

test('a child that does not finish for a break in 5 s is killed', () => {
  const { factory, feed, transcoder, clock, troubles } = setUp();
  feed(0, 3);
  transcoder.discontinuity();
  clock.advance(4_999);
  assert.ok(!factory.newest.wasKilled);
  clock.advance(1);
  assert.ok(factory.newest.wasKilled);
  factory.newest.exit({ exitCode: undefined, signal: 'SIGKILL' });
  assert.deepEqual(troubles, []);
});

test('a child that is too slow loses whole groups of pictures, and its renditions are told', () => {
  const { factory, sink, feed, troubles } = setUp();
  feed(0, 5);
  factory.newest.work();
  factory.newest.takesInput = false;
  feed(5, 60);
  // From the last picture that was taken, at 0.5 s, to the keyframe at 4 s. Its sound does not pass through the child.
  assert.deepEqual(troubles, [{ kind: 'fell-behind', droppedFrames: 34 }]);
  factory.newest.drain();
  factory.newest.work();
  const times = timesMs(sink.frames('video'));
  assert.equal(
    times.findIndex((time, i) => i > 0 && time - times[i - 1]! > 100),
    6,
  );
  assert.deepEqual([times[5], times[6]], [500, 4000]);
  assert.equal(sink.story.replaceAll('a', ''), `tKvvvvvdKvvvvvvvvvKvvvvvvvvv`);
});

test('a child that takes nothing for 10 s is killed and replaced', () => {
  const { factory, feed, clock, troubles } = setUp();
  feed(0, 5);
  factory.newest.takesInput = false;
  feed(5, 6);
  clock.advance(10_000);
  assert.ok(factory.newest.wasKilled);
  factory.newest.exit({ exitCode: undefined, signal: 'SIGKILL' });
  assert.deepEqual(troubles.at(-1), {
    kind: 'died',
    exitCode: undefined,
    signal: 'SIGKILL',
    lastErrorLine: 'it took no input for 10000 ms',
  });
  feed(10, 11);
  assert.equal(factory.children.length, 2);
});

test('output that can not be read is the end of that child alone', () => {
  const { factory, feed, troubles } = setUp();
  feed(0, 5);
  factory.newest.emit(0, Buffer.from('not FLV at all'));
  assert.ok(factory.newest.wasKilled);
  factory.newest.work();
  factory.newest.exit({ exitCode: undefined, signal: 'SIGKILL' });
  assert.match(
    String(troubles[0] && 'lastErrorLine' in troubles[0] && troubles[0].lastErrorLine),
    /FLV/,
  );
});

test('a sink that throws is the end of that child, and no concern of the source', () => {
  const { factory, feed, sink, troubles } = setUp();
  feed(0, 2);
  sink.frame = () => {
    throw new Error('a fault of ours');
  };
  factory.newest.work();
  feed(2, 4);
  assert.ok(factory.newest.wasKilled);
  factory.newest.exit({ exitCode: undefined, signal: 'SIGKILL' });
  assert.match(JSON.stringify(troubles), /a fault of ours/);
});

test('close() lets the child finish for 4 s, and resolves when it is gone, however often it is called', async () => {
  const { factory, sink, feed, transcoder, clock } = setUp();
  feed(0, 3);
  const closing = [transcoder.close(), transcoder.close()];
  feed(3, 5);
  assert.ok(factory.newest.inputEnded);
  clock.advance(3_999);
  assert.ok(!factory.newest.wasKilled);
  clock.advance(1);
  assert.ok(factory.newest.wasKilled);
  factory.newest.work();
  factory.newest.exit({ exitCode: undefined, signal: 'SIGKILL' });
  await Promise.all(closing);
  await transcoder.close();
  assert.deepEqual(timesMs(sink.frames('video')), [0, 100, 200]);
});

test('close() before the first frame resolves', async () => {
  const { transcoder, factory, feed } = setUp();
  await transcoder.close();
  feed(0, 1);
  assert.equal(factory.children.length, 0);
});

test('sound alone that is passed through needs no child', async () => {
  const plan: RenditionPlan = { name: 'audio_only', video: undefined, audio: 'source' };
  const { factory, sink, feed, transcoder } = setUp({ plan: [plan] });
  feed(0, 3);
  assert.equal(factory.children.length, 0);
  assert.match(sink.story, /^ta{14,15}$/);
  transcoder.discontinuity();
  feed(10, 11);
  assert.match(sink.story, /^ta{14,15}da{4,5}$/);
  await transcoder.close();
});

test('a plan of nothing but the source starts nothing', async () => {
  const plan: RenditionPlan = { name: '1080p60', video: 'source', audio: 'source' };
  const { factory, sink, feed, transcoder } = setUp({ plan: [plan] });
  feed(0, 3);
  assert.equal(factory.children.length + sink.calls.length, 0);
  await transcoder.close();
});

test('cpuSeconds() goes on over the death of a child', () => {
  const { factory, feed, transcoder } = setUp();
  feed(0, 1);
  assert.equal(transcoder.cpuSeconds(), 1);
  factory.newest.exit({ exitCode: 1 });
  assert.equal(transcoder.cpuSeconds(), 1);
  feed(10, 11);
  assert.equal(transcoder.cpuSeconds(), 2);
});
