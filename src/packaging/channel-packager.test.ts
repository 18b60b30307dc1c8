import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { audioFrame, TRACKS, videoFrame } from '../../test/support/media.ts';
import type { RenditionPlan } from '../domain/ladder.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame, FrameSink, MediaTracks } from '../media/frame.ts';
import { parseMediaPlaylist } from '../protocols/hls/testing/media-playlist-parser.ts';
import { ChannelPackager } from './channel-packager.ts';
import type { LiveWindow } from './live-window.ts';
import { MetadataOwner, TimedMetadata } from './timed-metadata.ts';

const LADDER: readonly RenditionPlan[] = [
  { name: '720p30', video: 'source', audio: 'source' },
  {
    name: '360p30',
    video: { width: 640, height: 360, keepOneFrameIn: 1, framesPerSecond: 30, bitrateBps: 630_000 },
    audio: 'source',
  },
];
const SOUND: RenditionPlan = { name: 'audio_only', video: undefined, audio: 'source' };

/** A source of 30 frames a second with a keyframe every two seconds, from `fromMs` on; `cts`: of every picture. */
function source(fromMs: number, toMs: number, ctsOffsetTicks = 0): Frame[] {
  const frames: Frame[] = [];
  for (let n = Math.ceil((fromMs * 30) / 1000); n * 100 < toMs * 3; n++) {
    const ms = Math.round((n * 1000) / 30);
    frames.push({ ...videoFrame(ms, n % 60 === 0), ctsOffsetTicks });
    for (let a = Math.ceil((ms * 48) / 1024); a * 1024 < Math.round(((n + 1) * 48_000) / 30); a++) {
      frames.push(audioFrame(a));
    }
  }
  return frames;
}

/** What a transcoder makes of it: decoded when presented. */
const transcoded = (frames: readonly Frame[]): Frame[] =>
  frames.map((frame) => ({
    ...frame,
    dtsTicks: frame.dtsTicks + frame.ctsOffsetTicks,
    ctsOffsetTicks: 0,
  }));

function setUp(plan = LADDER, isLowLatency = true) {
  const clock = new FakeClock();
  const timedMetadata = new TimedMetadata();
  const packager = new ChannelPackager({
    plan,
    containerFormat: 'FRAGMENTED_MP4',
    isLowLatency,
    payloads: new SlabPool(),
    clock,
    timedMetadata,
  });
  const sinks = plan.map((each) => packager.sink(each));
  for (const sink of sinks) sink.tracks(TRACKS);
  const [leader, follower] = sinks as [FrameSink, FrameSink];
  const feed = (sink: FrameSink, frames: readonly Frame[]) => {
    for (const frame of frames) sink.frame(frame);
  };
  /** Each frame of the source, and at once what is made of it. */
  const feedBoth = (frames: readonly Frame[]) => {
    for (const frame of frames) {
      leader.frame(frame);
      feed(follower, transcoded([frame]));
    }
  };
  return { clock, packager, timedMetadata, leader, follower, feed, feedBoth };
}

const list = (window: LiveWindow | undefined) =>
  parseMediaPlaylist(Buffer.from(window!.mediaPlaylist({ skip: false }).bytes).toString());

/** What has to be the same in every rendition of a channel. */
const shape = (window: LiveWindow | undefined) => {
  const { segments, openSegment, mediaSequence } = list(window);
  return {
    mediaSequence,
    segments: segments.map((s) => [s.uri, s.durationSeconds, s.programDateTimeMs, s.parts.length]),
    open: openSegment?.parts.map((part) => part.durationSeconds),
  };
};

for (const [what, lead, lag] of [
  ['at the same time', 0, 0],
  ['later', 0, 700],
  ['earlier', 700, 0],
] as const) {
  test(`renditions have the same segments and parts when a follower's frames come ${what}`, () => {
    const { packager, leader, follower, feed } = setUp();
    const frames = source(0, 9000);
    const copies = transcoded(frames);
    const perMs = frames.length / 9000;
    for (let ms = 0; ms < 9700; ms += 33) {
      const from = (shift: number) => Math.max(0, Math.round((ms - shift) * perMs));
      const to = (shift: number) => Math.max(0, Math.round((ms + 33 - shift) * perMs));
      feed(leader, frames.slice(from(lead), to(lead)));
      feed(follower, copies.slice(from(lag), to(lag)));
    }
    const [first, second] = packager.windows;
    assert.deepEqual(shape(second), shape(first));
    assert.equal(list(first).segments.length, 4);
    assert.equal(second?.describe().name, '360p30');
  });
}

test("a follower's pictures are presented when the leader's are, also where those are reordered", () => {
  const { packager, feedBoth } = setUp();
  feedBoth(source(0, 5000, 6000));
  assert.deepEqual(shape(packager.windows[1]), shape(packager.windows[0]));
});

// EXT-X-GAP takes version 8 (RFC 8216bis 8). It had 3 or 6.
test('a playlist with a gap says so in its version, where it has no higher one', () => {
  for (const isLowLatency of [true, false]) {
    const { packager, leader, feed, feedBoth } = setUp(LADDER, isLowLatency);
    feedBoth(source(0, 4600));
    assert.equal(list(packager.windows[1]).version, isLowLatency ? 9 : 6);
    packager.interrupted();
    feed(leader, source(4600, 6500));
    assert.ok(list(packager.windows[1]).segments.some(({ gap }) => gap));
    assert.equal(list(packager.windows[1]).version, isLowLatency ? 9 : 8);
  }
});

test('when its frames break off, a follower has a gap and goes on with the next segment', () => {
  const { packager, leader, follower, feed, feedBoth } = setUp();
  feedBoth(source(0, 4600));
  feed(leader, source(4600, 5000));
  packager.interrupted();
  feed(leader, source(5000, 6500));
  follower.discontinuity();
  feed(follower, transcoded(source(6000, 6500)));
  feedBoth(source(6500, 9000));
  const { segments } = list(packager.windows[1]);
  assert.deepEqual(
    segments.map(({ uri, gap, discontinuity }) => [uri, gap, discontinuity]),
    [
      ['1.m4s', false, false],
      ['2.m4s', false, false],
      ['3.m4s', true, false],
      ['4.m4s', false, true],
    ],
  );
  const leaders = list(packager.windows[0]);
  assert.ok(leaders.segments.every(({ gap, discontinuity }) => !gap && !discontinuity));
});

test('a follower whose frames never come again has gaps, one and a half target durations behind', () => {
  const { packager, leader, feed, feedBoth } = setUp();
  feedBoth(source(0, 5000));
  packager.interrupted();
  feed(leader, source(5000, 14_000));
  const { segments } = list(packager.windows[1]);
  assert.deepEqual(
    segments.map(({ gap }) => gap),
    [false, false, true, true],
  );
});

test('a follower that has nothing yet is not playable, and begins with the number that is due', () => {
  const { packager, leader, follower, feed, feedBoth } = setUp();
  feed(leader, source(0, 9000));
  assert.equal(packager.windows[1]?.isPlayable, false);
  follower.discontinuity();
  feed(follower, transcoded(source(8000, 9000)));
  feedBoth(source(9000, 12_000));
  assert.deepEqual(
    list(packager.windows[1]).segments.map(({ uri }) => uri),
    ['5.m4s'],
  );
});

/** Which texts are in which part, `<segment>.<part>`. */
const textsOf = (window: LiveWindow | undefined) =>
  window!.listedSegments.flatMap(({ msn, parts }) =>
    parts.flatMap((part) =>
      [
        ...Buffer.from(part.bytes())
          .toString('latin1')
          .matchAll(/live-video\.net\0(text \d)/g),
      ].map(([, text]) => `${msn}.${part.index} ${text}`),
    ),
  );

test('a text is in the same part of every rendition, once for either kind of player', () => {
  const { packager, timedMetadata, leader, follower, feed, feedBoth } = setUp();
  const put = (text: string, seconds: number) =>
    timedMetadata.put({ owner: MetadataOwner.api, text, ticks: seconds * 90_000 });
  feedBoth(source(0, 3000));
  put('text 1', 2.95);
  const later = source(3000, 5000);
  feed(leader, later);
  // Of the leader's newest picture, which followers don't have yet.
  put('text 2', 4.99);
  feed(follower, transcoded(later));
  feedBoth(source(5000, 5900));
  // Nothing follows that it could wait for.
  put('text 3', 8);
  packager.end();
  const expected = ['2.5 text 1', '3.5 text 2', '3.9 text 3'];
  for (const window of packager.windows) {
    assert.deepEqual(
      textsOf(window),
      expected.flatMap((each) => [each, each]),
    );
  }
});

test('each playlist reports on the others', () => {
  const { packager, feedBoth } = setUp();
  feedBoth(source(0, 4300));
  assert.deepEqual(list(packager.windows[1]).renditionReports, [
    { uri: '../720p30/playlist.m3u8', lastMsn: 3, lastPart: 0 },
  ]);
});

test('the sound by itself may be added while the stream is on', () => {
  const { packager, leader, feed } = setUp(LADDER.slice(0, 1));
  feed(leader, source(0, 3000));
  const sound = packager.add(SOUND);
  sound.tracks(TRACKS);
  const frames = source(3000, 9000);
  feed(
    sound,
    frames.filter(({ kind }) => kind === 'audio'),
  );
  feed(leader, frames);
  const window = packager.windows[1];
  assert.deepEqual(
    list(window).segments.map(({ uri, parts }) => [uri, parts.length]),
    [
      ['3.m4s', 10],
      ['4.m4s', 10],
    ],
  );
  const { name, codecs, picture, hasIndependentSegments } = window!.describe();
  assert.deepEqual(
    { name, codecs, picture, hasIndependentSegments },
    { name: 'audio_only', codecs: 'mp4a.40.2', picture: undefined, hasIndependentSegments: true },
  );
});

// It began with discontinuity sequence 0 and nothing before it, whatever the leader had behind it.
test('the sound that is added counts what was before it as the leader does', () => {
  for (const addedMs of [9000, 10_000]) {
    const { packager, leader, feed } = setUp(LADDER.slice(0, 1));
    feed(leader, source(0, 4000));
    leader.discontinuity();
    feed(leader, source(4000, 8000));
    leader.discontinuity();
    feed(leader, source(8000, addedMs));
    const sound = packager.add(SOUND);
    sound.tracks(TRACKS);
    const frames = source(addedMs, 16_000);
    feed(
      sound,
      frames.filter(({ kind }) => kind === 'audio'),
    );
    feed(leader, frames);
    const [first, window] = packager.windows;
    const before = first!.listedSegments.filter(({ msn }) => msn < window!.firstListedMsn);
    assert.ok(window!.listedSegments.length > 0);
    assert.equal(list(window).discontinuitySequence, 2);
    assert.equal(
      window!.elapsedTicks,
      before.reduce((sum, { durationTicks }) => sum + durationTicks, 0),
    );
  }
});

// An init segment without a track threw, at each further frame and at the end: no window ended, and ffmpeg ran on.
test('the sound by itself has gaps while its encoder sends none, and goes on with the encoder that does', () => {
  const { packager, leader } = setUp([LADDER[0]!, SOUND]);
  const sound = packager.sink(SOUND);
  const play = (tracks: MediaTracks, fromMs: number, toMs: number) => {
    for (const sink of [leader, sound]) sink.tracks(tracks);
    for (const frame of source(fromMs, toMs)) {
      if (frame.kind === 'audio') sound.frame(frame);
      if (frame.kind === 'video' || tracks.audio) leader.frame(frame);
    }
  };
  play(TRACKS, 0, 4_000);
  play({ video: TRACKS.video }, 4_000, 8_000);
  play(TRACKS, 8_000, 14_000);
  packager.end();
  const [first, alone] = packager.windows;
  assert.ok(first?.isEnded && alone?.isEnded);
  const gaps = alone.listedSegments.filter(({ isGap }) => isGap).map(({ msn }) => msn);
  assert.deepEqual(gaps, [3, 4]);
  assert.equal(alone.nextMsn, first.nextMsn);
});

test('the sound by itself loses no segment to a pause of the sound', () => {
  const { packager, leader } = setUp([LADDER[0]!, SOUND]);
  const sound = packager.sink(SOUND);
  sound.tracks(TRACKS);
  for (const frame of source(0, 10_000)) {
    const ms = frame.dtsTicks / (frame.kind === 'video' ? 90 : 48);
    if (frame.kind === 'video') leader.frame(frame);
    else if (ms < 4_500 || ms > 5_100) for (const sink of [leader, sound]) sink.frame(frame);
  }
  const [first, alone] = packager.windows;
  assert.deepEqual(shape(alone), shape(first));
  assert.ok(alone!.listedSegments.every(({ isGap }) => !isGap));
});

// What waited for its part was read with the sampling rate that came behind it: a gap, and a discontinuity of its own for good.
test('the sound by itself breaks where the leader does when the sampling rate changes', () => {
  const { packager, leader } = setUp([LADDER[0]!, SOUND]);
  const sound = packager.sink(SOUND);
  const play = (timescale: number, fromMs: number, toMs: number) => {
    const audio = { ...TRACKS.audio!, timescale, sampleRate: timescale };
    for (const sink of [leader, sound]) sink.tracks({ video: TRACKS.video, audio });
    for (const frame of source(fromMs, toMs)) {
      if (frame.kind === 'video') leader.frame(frame);
      else {
        const dtsTicks = Math.round((frame.dtsTicks * timescale) / 48_000);
        for (const sink of [leader, sound]) sink.frame({ ...frame, dtsTicks });
      }
    }
  };
  play(48_000, 0, 10_000);
  play(44_100, 10_000, 16_000);
  const [first, alone] = packager.windows;
  const of = (window: LiveWindow | undefined) =>
    window!.listedSegments.map(({ msn, isDiscontinuous, isGap }) => ({
      msn,
      isDiscontinuous,
      isGap,
    }));
  assert.deepEqual(of(alone), of(first));
});

// Its first pictures came out of ffmpeg a second late, and every player told its latency a second too small for as long as the
// stream lasted.
test('a ladder whose leader is transcoded is dated by when its source came in', () => {
  const { clock, packager, leader, feed } = setUp(LADDER.slice(1));
  const startedMs = clock.nowMs();
  for (const keyframeMs of [0, 2000, 4000]) {
    packager.sourceReceived(keyframeMs * 90);
    clock.advance(2000);
  }
  feed(leader, transcoded(source(0, 6000)));
  assert.deepEqual(
    list(packager.windows[0]).segments.map(({ programDateTimeMs }) => programDateTimeMs),
    [startedMs, startedMs + 2000],
  );
});

test('at the end every rendition has the last pictures, and its list ends', () => {
  const { packager, leader, feed, feedBoth } = setUp();
  feedBoth(source(0, 4400));
  feed(leader, source(4400, 4500));
  packager.end();
  for (const window of packager.windows) {
    const { segments, endList } = list(window);
    assert.equal(endList, true);
    assert.equal(segments.length, 3);
  }
});
