import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { readFragments } from '../../test/support/fmp4.ts';
import { feed, TRACKS as tracks, videoFrame } from '../../test/support/media.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { parseMediaPlaylist } from '../protocols/hls/testing/media-playlist-parser.ts';
import { Fmp4Container } from './fmp4-container.ts';
import { LiveWindow } from './live-window.ts';
import type { PartContainer, PartContent } from './part-container.ts';
import { RenditionPackager } from './rendition-packager.ts';
import { TsContainer } from './ts-container.ts';

function packager(isLowLatency = true, container: PartContainer = new Fmp4Container()) {
  const clock = new FakeClock();
  return {
    clock,
    packager: new RenditionPackager({
      window: new LiveWindow({ clock, isLowLatency, mediaExtension: 'm4s' }),
      container,
      clock,
      isSource: true,
      payloads: new SlabPool(),
    }),
  };
}

function playlist(p: RenditionPackager, skip = false) {
  return parseMediaPlaylist(new TextDecoder().decode(p.window.mediaPlaylist({ skip }).bytes));
}

test('RenditionPackager makes its window playable with the first complete segment', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 2000);
  assert.equal(p.window.isPlayable, false);
  feed(p, 2000, 2001);
  assert.equal(p.window.isPlayable, true);
  const description = p.window.describe();
  assert.equal(description.name, '720p30');
  assert.equal(description.codecs, 'avc1.64001F,mp4a.40.2');
  assert.deepEqual(description.picture, { width: 1280, height: 720, framesPerSecond: 30 });
});

test('RenditionPackager lists ten parts of 0.2 s in a two-second segment, the first one independent', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4300);
  const list = playlist(p);
  assert.equal(list.partTargetSeconds, 0.2);
  assert.equal(list.targetDurationSeconds, 4);
  assert.equal(list.segments.length, 2);
  const [first] = list.segments;
  assert.equal(first?.durationSeconds, 2);
  assert.deepEqual(
    first?.parts.map((part) => [part.uri, part.durationSeconds, part.independent]),
    Array.from({ length: 10 }, (_, i) => [`1.${i}.m4s`, 0.2, i === 0]),
  );
  assert.equal(list.openSegment?.parts.length, 1);
  assert.equal(list.preloadHint?.uri, '3.1.m4s');
  assert.deepEqual(list.prefetchUris, ['3.m4s']);
});

test('the first segment has number 1: hls.js reads 0 as no number and reloads its parts for ever', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 2001);
  assert.equal(playlist(p).mediaSequence, 1);
});

test('a preload hint names the next segment once the open one is as long as the last', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4000);
  assert.equal(playlist(p).preloadHint?.uri, '3.0.m4s');
});

// The IVS player (1.56.1) reads no other version, and reports a live latency of 0 without it.
test('each segment begins with a version 0 emsg that has its program date time', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4001);
  for (const segment of p.window.listedSegments) {
    const bytes = Buffer.from(segment.parts[0]!.bytes());
    assert.equal(bytes.toString('latin1', 4, 8), 'emsg');
    assert.equal(bytes[8], 0);
    const box = bytes.toString('utf8', 0, bytes.readUInt32BE(0));
    assert.ok(box.includes('urn:twitch:id3\0'));
    const { cmd, transc_r } = JSON.parse(box.slice(box.indexOf('{')));
    assert.deepEqual([cmd, transc_r], ['ld_lat_data', Math.round(segment.programDateTimeMs)]);
    assert.doesNotMatch(Buffer.from(segment.parts[1]!.bytes()).toString('latin1'), /emsg/);
  }
});

test('a window lists seven target durations and keeps what left the list for one more', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 60_001);
  const list = playlist(p);
  assert.equal(list.segments.length, 14);
  assert.equal(list.mediaSequence, 17);
  assert.equal(list.segments.at(-1)?.uri, '30.m4s');
  assert.ok(p.window.segment(15), 'left the list two segments ago');
  assert.equal(p.window.segment(14), undefined);
});

for (const container of [new Fmp4Container(), new TsContainer()]) {
  test(`a part that was asked for keeps no more memory than it has bytes, in ${container.constructor.name}`, () => {
    const { packager: p } = packager(true, container);
    p.tracks(tracks);
    feed(p, 0, 2001);
    for (const part of p.window.listedSegments[0]!.parts) {
      assert.equal(part.bytes().buffer.byteLength, part.byteLength);
    }
  });
}

test('a delta update leaves out what ends before the skip boundary', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 60_001);
  const whole = playlist(p);
  const delta = playlist(p, true);
  assert.equal(delta.skippedSegments, 2);
  assert.deepEqual(
    delta.segments.map((s) => s.uri),
    whole.segments.slice(2).map((s) => s.uri),
  );
});

test('latencyMode NORMAL has none of the low-latency tags', () => {
  const { packager: p } = packager(false);
  p.tracks(tracks);
  feed(p, 0, 8001);
  const text = new TextDecoder().decode(p.window.mediaPlaylist({ skip: true }).bytes);
  assert.doesNotMatch(text, /PART|PREFETCH|PRELOAD|SERVER-CONTROL|SKIP/);
});

test('a change of tracks is a discontinuity with an init segment of its own', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4001);
  p.tracks({ ...tracks, video: { ...tracks.video, width: 640, height: 360 } });
  feed(p, 6000, 8001);
  const list = playlist(p);
  const changed = list.segments.find((s) => s.discontinuity);
  assert.equal(changed?.mapUri, 'init-1.mp4');
  assert.ok(p.window.initSegment(1));
  assert.equal(p.window.describe().name, '720p30', 'URLs of the window stay');
  assert.equal(p.window.describe().picture?.height, 360);
});

/** Decoding time and duration of every sample of sound, in the order of the parts. */
function soundOf(p: RenditionPackager) {
  const parts = p.window.listedSegments.flatMap((segment) => segment.parts);
  return parts.flatMap((part) =>
    readFragments(Buffer.from(part.bytes())).flatMap(({ tracks }) => [...(tracks.get(2) ?? [])]),
  );
}

// Chromium dropped two seconds of picture after each change of resolution: one frame of sound had been let go between the
// two encodings, and Media Source Extensions take a gap in one track for a break in all.
test('the sound has no gap in decoding time, whatever is missing of it', () => {
  const { packager: p } = packager();
  const silence = { from: 40, to: 75 };
  const withHole = {
    frame: (frame: Frame) => {
      const n = frame.kind === 'audio' ? frame.dtsTicks / 1024 : -1;
      if (n < silence.from || n >= silence.to) p.frame(frame);
    },
  };
  p.tracks(tracks);
  feed(withHole, 0, 4000);
  p.tracks({ ...tracks, video: { ...tracks.video, width: 640, height: 360 } });
  feed(withHole, 4100, 8001);
  const sound = soundOf(p);
  assert.ok(sound.length > 300);
  let endTicks = 0;
  for (const { dtsTicks, durationTicks } of sound) {
    assert.equal(dtsTicks, endTicks);
    endTicks += durationTicks;
  }
});

for (const [what, soundEndMs] of [
  ['in the last part', 4430],
  ['before the last part', 4390],
] as const) {
  test(`the sound lasts as long as the picture when the stream ends, though it ends ${what}`, () => {
    const { packager: p } = packager();
    p.tracks(tracks);
    const frame = (one: Frame) => {
      if (one.kind === 'video' || one.dtsTicks < soundEndMs * 48) p.frame(one);
    };
    feed({ frame }, 0, 4530);
    p.end();
    const segments = playlist(p).segments;
    const seconds = segments.reduce((sum, segment) => sum + segment.durationSeconds, 0);
    const last = soundOf(p).at(-1)!;
    assert.ok(Math.abs((last.dtsTicks + last.durationTicks) / 48_000 - seconds) < 0.0001);
    assert.deepEqual(last.bytes, Buffer.alloc(300), 'a whole frame');
  });
}

// hls.js never ended a transport stream whose sound stopped a tenth of a second before its picture.
test('in a container without durations the last sound is repeated to the end of the picture, and no further', () => {
  const contents: PartContent[] = [];
  const { packager: p } = packager(true, {
    hasSampleDurations: false,
    begin: () => undefined,
    part: (content) => {
      contents.push(content);
      return { byteLength: 1, encode: () => new Uint8Array(1) };
    },
  });
  p.tracks(tracks);
  const frame = (one: Frame) => {
    if (one.kind === 'video' || one.dtsTicks < 4100 * 48) p.frame(one);
  };
  feed({ frame }, 0, 4530);
  p.end();
  const { startTicks, video, audio } = contents.at(-1)!;
  const pictureEnd = video.reduce((sum, { durationTicks }) => sum + durationTicks, startTicks);
  const [first, last] = [audio[0]!, audio.at(-1)!];
  assert.equal(first.startTicks, (startTicks * 48) / 90);
  assert.ok(last.startTicks < (pictureEnd * 48) / 90);
  assert.ok(last.startTicks + last.durationTicks >= (pictureEnd * 48) / 90);
  for (const { durationTicks } of audio) assert.equal(durationTicks, 1024);
});

test('every discontinuity names its init segment, be it the same: the IVS player wants it', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 2001);
  p.discontinuity();
  feed(p, 4000, 6001);
  const broken = playlist(p).segments.find((s) => s.discontinuity);
  assert.equal(broken?.mapUri, 'init-0.mp4');
});

// Every change of settings adds one, for up to 48 hours: an encoder that changes at each keyframe filled the memory with them.
test('init segments are forgotten with the last segment that needs them', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 2001);
  p.tracks(tracks);
  feed(p, 4000, 30_001);
  assert.ok(p.window.initSegment(0), 'a segment of it is listed');
  feed(p, 30_001, 44_001);
  assert.equal(p.window.initSegment(0), undefined);
  assert.ok(p.window.initSegment(1));
});

test('a segment that had to end without a keyframe makes the rendition say that not all are independent', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4001);
  assert.equal(p.window.describe().hasIndependentSegments, true);
  for (let n = 121; n < 400; n++) p.frame(videoFrame((n * 1000) / 30, false));
  assert.equal(p.window.describe().hasIndependentSegments, false);
});

test('fragments are numbered in increasing order, over a change of tracks too', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4001);
  p.tracks({ ...tracks, video: { ...tracks.video, width: 640, height: 360 } });
  feed(p, 6000, 8001);
  const numbers = p.window.listedSegments.flatMap(({ parts }) =>
    parts.map((part) => {
      const bytes = Buffer.from(part.bytes());
      return bytes.readUInt32BE(bytes.indexOf('mfhd') + 8);
    }),
  );
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
});

test('end() finishes what is open and says ENDLIST', () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4510);
  p.end();
  const list = playlist(p);
  assert.equal(list.endList, true);
  assert.equal(list.openSegment, undefined);
  assert.equal(list.preloadHint, undefined);
  assert.equal(list.segments.length, 3);
});

test('waitForPlaylist() answers when the part is there, and asks for the next segment past the last part', async () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 4250);
  const outcomes: string[] = [];
  const note = (name: string, msn: number, part?: number) =>
    p.window
      .waitForPlaylist(msn, part)
      .outcome.then((outcome) => outcomes.push(`${name} ${outcome}`));
  const waits = [note('3.1', 3, 1), note('2.99', 2, 99), note('3', 3), note('3.10', 3, 10)];
  await Promise.resolve();
  assert.deepEqual(outcomes, ['2.99 available']);
  feed(p, 4250, 4400);
  await new Promise(setImmediate);
  assert.deepEqual(outcomes, ['2.99 available', '3.1 available']);
  feed(p, 4400, 6010);
  await new Promise(setImmediate);
  assert.deepEqual(outcomes.slice(2), ['3 available']);
  feed(p, 6010, 6240);
  await Promise.all(waits);
  assert.deepEqual(outcomes.slice(3), ['3.10 available']);
});

test('waitForPart() is unavailable once the segment ended without it', async () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 3900);
  const never = p.window.waitForPart(2, 10);
  feed(p, 3900, 4001);
  assert.equal(await never.outcome, 'unavailable');
});

test('a wait ends after three target durations', async () => {
  const { packager: p, clock } = packager();
  p.tracks(tracks);
  feed(p, 0, 4001);
  const waiting = p.window.waitForPlaylist(3, 3);
  clock.advance(12_600);
  assert.equal(await waiting.outcome, 'timeout');
});

test('a growing segment gives the parts it has, then each new one, then ends', async () => {
  const { packager: p } = packager();
  p.tracks(tracks);
  feed(p, 0, 2450);
  const segment = p.window.segment(2);
  assert.ok(segment && !segment.isComplete);
  const sizes: number[] = [];
  const reading = (async () => {
    for await (const chunk of segment.growing()) sizes.push(chunk.byteLength);
  })();
  await new Promise(setImmediate);
  assert.equal(sizes.length, 2);
  feed(p, 2450, 4001);
  await reading;
  assert.equal(sizes.length, 10);
  assert.equal(
    sizes.reduce((a, b) => a + b, 0),
    segment.byteLength,
  );
});
