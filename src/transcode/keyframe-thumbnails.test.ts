import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { TRACKS, videoFrame } from '../../test/support/media.ts';
import { silentLogger } from '../lib/logger.ts';
import { KeyframeThumbnails } from './keyframe-thumbnails.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { FakeTranscoders } from './testing/fake-transcoder.ts';

const JPEG = Uint8Array.of(0xff, 0xd8, 1, 2, 0xff, 0xd9);

function setUp(intervalSeconds = 10) {
  const clock = new FakeClock();
  const factory = new FakeTranscoders();
  const decoder = new PictureDecoder({ factory, clock, log: silentLogger });
  const thumbnails: Uint8Array[] = [];
  const pictures = () => {
    const sink = new KeyframeThumbnails({
      intervalSeconds,
      decoder,
      onThumbnail: (jpeg) => thumbnails.push(jpeg),
    });
    sink.tracks(TRACKS);
    return sink;
  };
  /** The newest child is done with its picture. */
  const develop = async () => {
    factory.newest.emit(0, JPEG);
    factory.newest.exit();
    await setImmediate();
  };
  return { clock, factory, thumbnails, pictures, develop };
}

test('a keyframe at each interval is decoded, by a child that is given nothing else', async () => {
  const { factory, thumbnails, pictures, develop } = setUp();
  const sink = pictures();
  for (let ms = 0; ms <= 30_000; ms += 500) {
    const count = factory.children.length;
    sink.frame(videoFrame(ms, ms % 2000 === 0));
    if (factory.children.length > count) await develop();
  }
  assert.equal(factory.children.length, 4);
  assert.deepEqual(
    thumbnails.map((jpeg) => Buffer.compare(jpeg, JPEG)),
    [0, 0, 0, 0],
  );
  for (const { inputEnded, outputCount } of factory.children) {
    assert.ok(inputEnded);
    assert.equal(outputCount, 1);
  }
});

test('a group of pictures that is longer than the interval has one thumbnail', async () => {
  const { factory, pictures, develop } = setUp(1);
  const sink = pictures();
  for (let ms = 0; ms <= 12_000; ms += 4000) {
    sink.frame(videoFrame(ms, true));
    await develop();
  }
  assert.equal(factory.children.length, 4);
});

test('an interval that brought no picture is tried again at the next one', async () => {
  const { factory, thumbnails, pictures } = setUp();
  const sink = pictures();
  sink.frame(videoFrame(0, true));
  factory.newest.exit({ exitCode: 1 });
  await setImmediate();
  assert.deepEqual(thumbnails, []);
  sink.frame(videoFrame(2000, true));
  assert.equal(factory.children.length, 1);
  sink.frame(videoFrame(10_000, true));
  assert.equal(factory.children.length, 2);
});

test('no more than two children run, whatever the number of streams; the others wait for a keyframe', async () => {
  const { factory, pictures, develop } = setUp();
  const [first, second, third] = [pictures(), pictures(), pictures()];
  for (const sink of [first, second, third]) sink.frame(videoFrame(0, true));
  assert.equal(factory.children.length, 2);
  await develop();
  third.frame(videoFrame(2000, true));
  assert.equal(factory.children.length, 3);
});

test('a child that hangs is killed', () => {
  const { clock, factory, pictures } = setUp();
  pictures().frame(videoFrame(0, true));
  clock.advance(10_000);
  assert.ok(factory.newest.wasKilled);
});

test('a child that cannot be started is no trouble of the stream, and takes no place for ever', async () => {
  const { factory, pictures, develop, thumbnails } = setUp();
  const start = factory.start.bind(factory);
  factory.start = () => {
    throw new Error('no more processes');
  };
  const sinks = [pictures(), pictures(), pictures()];
  for (const sink of sinks) sink.frame(videoFrame(0, true));
  await setImmediate();
  factory.start = start;
  for (const sink of sinks.slice(0, 2)) sink.frame(videoFrame(10_000, true));
  assert.equal(factory.children.length, 2);
  await develop();
  assert.equal(thumbnails.length, 1);
});
