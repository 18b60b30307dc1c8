import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { RenditionFeed } from './rendition-feed.ts';
import { RenditionOutput } from './rendition-output.ts';
import { RecordingSink } from './testing/recording-sink.ts';

const AUDIO = TRACKS.audio!;

function setUp({ hasAudio = true, hasVideo = true, startMs = 0 } = {}) {
  const sink = new RecordingSink();
  const output = new RenditionOutput({
    feed: new RenditionFeed(sink),
    slabs: new SlabPool().allocator(),
    opening: { isNewSource: true, isBreak: false },
    hasVideo,
    hasAudio,
    startMs,
  });
  output.videoTrack(TRACKS.video);
  const video = (ms: number, isKeyframe = false) => {
    output.sourceVideoAt(ms);
    output.video(videoFrame(ms, isKeyframe));
  };
  const audio = (from: number, to: number) => {
    for (let n = from; n < to; n++) output.audio(audioFrame(n), AUDIO);
  };
  return { sink, output, video, audio };
}

test('RenditionOutput hands over pictures and sound in the order of their times', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  video(0, true);
  video(33);
  assert.equal(sink.story, '', 'sound may come before these');
  audio(0, 3);
  assert.equal(sink.story, 'tKaav');
  audio(3, 6);
  assert.equal(sink.story, 'tKaav', 'sound waits for the picture before it');
  video(67);
  assert.equal(sink.story, 'tKaavaav');
});

test('RenditionOutput does not wait for sound that does not come', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  audio(0, 1);
  for (let n = 0; n < 8; n++) video(n * 33, n === 0);
  assert.equal(sink.story, 'tKavvv');
});

test('RenditionOutput announces sound that comes late at a keyframe', () => {
  const { sink, output, video, audio } = setUp();
  for (let n = 0; n <= 35; n++) video(n * 33, n === 0);
  assert.match(sink.story, /^tKv+$/);
  assert.equal(sink.lastTracks?.audio, undefined);
  output.audioTrack(AUDIO);
  video(1_200, true);
  audio(60, 70);
  assert.match(sink.story, /^tKv+tKa*$/);
  assert.equal(sink.lastTracks?.audio, AUDIO);
});

test('RenditionOutput begins with a keyframe, and leaves out sound before it', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  audio(0, 10);
  video(0);
  video(33);
  video(67, true);
  video(100);
  assert.equal(sink.story, 'tKav');
});

test('RenditionOutput tells of a gap before its first keyframe, and leaves out the sound in it', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  video(0, true);
  audio(0, 2);
  output.breakAt(1_000);
  output.breakAt(2_000);
  output.sourceVideoAt(2_000);
  audio(2, 96);
  output.video(videoFrame(33, false));
  video(2_000, true);
  assert.equal(sink.story, 'tKaavdK');
});

test('RenditionOutput lets sound go on alone while the source sends no pictures', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  video(0, true);
  audio(0, 40);
  assert.equal(sink.frames('audio').length, 1);
  audio(40, 60);
  assert.equal(sink.frames('audio').length, 60);
});

test('RenditionOutput keeps sound back while the child has pictures to come, and not without bound', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  video(0, true);
  output.sourceVideoAt(20_000);
  audio(0, 980);
  assert.equal(sink.frames('audio').length, 1);
  video(20_000);
  // The newest 512 are kept, of which 42 are later.
  assert.equal(sink.frames('audio').length, 471);
});

test('flush() hands over what waits, but no sound that is far behind the last picture', () => {
  const { sink, output, video, audio } = setUp();
  output.audioTrack(AUDIO);
  video(0, true);
  audio(0, 20);
  video(33);
  output.flush();
  assert.equal(sink.story, 'tKaavaaaaa');
});
