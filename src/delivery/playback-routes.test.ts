import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  CHANNEL_ID,
  FilledWindow,
  fakeRequest,
  PLAYBACK_ID,
  partText,
  replyText,
  segmentText,
  streamOnAir,
} from '../../test/support/playback.ts';
import { playbackOf } from '../../test/support/playback-access.ts';
import type { HttpReply } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { parseMultivariantPlaylist } from '../protocols/hls/testing/multivariant-playlist-parser.ts';
import type { StreamOnAir } from './on-air.ts';

const MULTIVARIANT = `/api/video/v1/us-west-2.123456789012.channel.${CHANNEL_ID}.m3u8`;
const LIVE = `/live/${PLAYBACK_ID}/720p30`;
const PLAYLIST = `${LIVE}/playlist.m3u8`;

function setUp(
  options: {
    readonly isLowLatency?: boolean;
    readonly segments?: number;
    readonly stream?: Partial<StreamOnAir>;
    readonly publicUrl?: string;
    readonly clock?: FakeClock;
    readonly windows?: readonly LiveWindow[];
  } = {},
) {
  const { clock = new FakeClock() } = options;
  const filled = new FilledWindow({ ...options, clock });
  const stream = streamOnAir(options.windows ?? [filled.window], options.stream);
  const { publicUrl } = options;
  const { routes, viewers } = playbackOf([stream], { clock, ...(publicUrl && { publicUrl }) });
  /** A reply that is at hand: asserts that it took no promise. */
  const get = (target: string, requestOptions?: Parameters<typeof fakeRequest>[1]): HttpReply => {
    const reply = routes.handle(fakeRequest(target, requestOptions));
    assert.ok(reply !== undefined && !(reply instanceof Promise), `${target} is at hand`);
    return reply;
  };
  /** A parked request: asserts that it is one, and says whether it is answered yet. */
  const park = (target: string) => {
    const request = fakeRequest(target);
    const promise = routes.handle(request);
    assert.ok(promise instanceof Promise, `${target} is parked`);
    const parked = { request, reply: promise, isAnswered: false };
    void promise.finally(() => {
      parked.isAnswered = true;
    });
    return parked;
  };
  return { clock, filled, window: filled.window, stream, viewers, routes, get, park };
}

/** Lets promises that are resolved run their course. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const variantNames = async (reply: HttpReply) =>
  parseMultivariantPlaylist(await replyText(reply)).variants.map((each) => each.stableVariantId);

const statusOf = (reply: HttpReply) => reply.status;

// --- multivariant playlist

test('handle() leaves other paths to other handlers', () => {
  const { routes } = setUp();
  for (const path of ['/', '/GetStream', '/livestream', '/api/v3/GetClientConfiguration', '*']) {
    assert.equal(routes.handle(fakeRequest(path)), undefined, path);
  }
});

test('the multivariant playlist names the rendition as IVS does and says how fast it is', async () => {
  const { get } = setUp();
  const reply = get(`${MULTIVARIANT}?player_version=1.56.1&platform=web&token=ignored`);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['Content-Type'], 'application/vnd.apple.mpegurl');
  assert.equal(reply.headers['Cache-Control'], 'no-store');
  const { variants } = parseMultivariantPlaylist(await replyText(reply));
  assert.equal(variants.length, 1);
  const { uri, ...variant } = variants[0] ?? assert.fail();
  assert.deepEqual(variant, {
    bandwidthBps: 3_100_000,
    averageBandwidthBps: 3_000_000,
    resolution: { width: 1280, height: 720 },
    codecs: ['avc1.64001F', 'mp4a.40.2'],
    videoGroup: { groupId: '720p30', name: '720p', autoselect: true, default: true },
    frameRate: 30,
    stableVariantId: '720p30',
    ivsName: '720p',
    ivsVariantSource: 'source',
  });
  assert.match(uri, new RegExp(`^http://ivory\\.test:8080${PLAYLIST}\\?s=[A-Za-z0-9_-]{44}$`));
});

test('the multivariant playlist carries the session data that the IVS player reads', async () => {
  const { clock, get } = setUp();
  clock.advance(12_345);
  const { sessionData } = parseMultivariantPlaylist(await replyText(get(MULTIVARIANT)));
  const values = new Map(sessionData.map(({ dataId, value }) => [dataId, value]));
  assert.equal(values.get('SERVER-TIME'), (clock.nowMs() / 1000).toFixed(3));
  assert.equal(values.get('STREAM-TIME'), '12.345');
  assert.equal(values.get('BROADCAST-ID'), 'st-1234567890abcdefghijklm');
  assert.equal(values.get('USER-IP'), '192.0.2.7');
  assert.match(values.get('VIDEO-SESSION-ID') ?? '', /^[A-Za-z0-9_-]{16}$/);
});

// hls.js would not go up from 15.003 frames a second to 15.000 again once it had gone down.
test('the multivariant playlist gives renditions of one frame rate the same number', async () => {
  const clock = new FakeClock();
  const windows = [59.94, 29.97, 29.9701, 15.003].map(
    (framesPerSecond, i) => new FilledWindow({ clock, name: `${i}`, framesPerSecond }).window,
  );
  const { get } = setUp({ clock, windows });
  const { variants } = parseMultivariantPlaylist(await replyText(get(MULTIVARIANT)));
  assert.deepEqual(
    variants.map(({ frameRate }) => frameRate),
    [59.94, 29.97, 29.97, 15.003],
  );
});

// hls.js never reads it again: whoever waited for the stream to begin had one quality for as long as it lasted.
test('the multivariant playlist waits a moment for renditions that are a little behind the first', async () => {
  const clock = new FakeClock();
  const first = new FilledWindow({ clock, segments: 1 });
  const second = new FilledWindow({ clock, name: '360p30', segments: 0 });
  const { park } = setUp({ clock, windows: [first.window, second.window] });
  const parked = park(MULTIVARIANT);
  await settle();
  assert.equal(parked.isAnswered, false);
  second.addSegment();
  assert.deepEqual(await variantNames(await parked.reply), ['720p30', '360p30']);
});

test('the multivariant playlist is not held up by a rendition that does not come', async () => {
  const clock = new FakeClock();
  const first = new FilledWindow({ clock, segments: 1 });
  const second = new FilledWindow({ clock, name: '360p30', segments: 0 });
  const { get, park } = setUp({ clock, windows: [first.window, second.window] });
  const parked = park(MULTIVARIANT);
  await settle();
  clock.advance(500);
  assert.deepEqual(await variantNames(await parked.reply), ['720p30']);
  first.addSegment();
  assert.deepEqual(await variantNames(get(MULTIVARIANT)), ['720p30']);
});

test('the multivariant playlist gives each viewer a session of its own', async () => {
  const { get } = setUp();
  const uriOf = async () =>
    parseMultivariantPlaylist(await replyText(get(MULTIVARIANT))).variants[0]?.uri;
  assert.notEqual(await uriOf(), await uriOf());
});

test('the multivariant playlist begins its URLs with the public URL where one is configured', async () => {
  const { get } = setUp({ publicUrl: 'https://live.example.com/video' });
  const reply = get(MULTIVARIANT, { headers: { host: '<script>' } });
  assert.match(await replyText(reply), /^https:\/\/live\.example\.com\/video\/live\//m);
});

test('the multivariant playlist uses https for a client that came over TLS', async () => {
  const { get } = setUp();
  const reply = get(MULTIVARIANT, { isEncrypted: true });
  assert.match(await replyText(reply), /^https:\/\/ivory\.test:8080\/live\//m);
});

test('the multivariant playlist pays no heed to X-Forwarded headers', async () => {
  const { get } = setUp();
  const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' };
  assert.doesNotMatch(await replyText(get(MULTIVARIANT, { headers })), /evil|https/);
});

for (const host of [
  '',
  'a b',
  'a/b',
  'user@host',
  'a,b',
  'a"b',
  'host:',
  'host:123456',
  '-a',
  'a%41',
]) {
  test(`the multivariant playlist is refused with the Host header ${JSON.stringify(host)}`, () => {
    assert.equal(setUp().get(MULTIVARIANT, { headers: { host } }).status, 400);
  });
}

for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080', 'a-b.example.com:65535']) {
  test(`the multivariant playlist takes the Host header ${host}`, async () => {
    const reply = setUp().get(MULTIVARIANT, { headers: { host } });
    assert.ok((await replyText(reply)).includes(`\nhttp://${host}/live/`));
  });
}

test('a channel that is offline is 404 with the body that IVS players know', async () => {
  const { get } = setUp({ stream: { isEnded: true } });
  const elsewhere = '/api/video/v1/eu-west-1.123456789012.channel.abcdABCDefgh.m3u8';
  for (const path of [MULTIVARIANT, MULTIVARIANT.replace(CHANNEL_ID, 'unknown'), elsewhere]) {
    const reply = get(`${path}?token=secret`);
    assert.equal(reply.status, 404);
    assert.equal(reply.headers['Content-Type'], 'application/json');
    assert.equal(reply.headers['Cache-Control'], 'no-store');
    assert.deepEqual(JSON.parse(await replyText(reply)), [
      {
        url: path,
        error: 'transcode does not exist',
        error_code: 'transcode_does_not_exist',
        type: 'error',
      },
    ]);
  }
});

test('a viewer who is early gets the playlist once the stream is playable', async () => {
  const playable = Promise.withResolvers<boolean>();
  const { filled, park } = setUp({
    segments: 0,
    stream: { whenPlayable: () => playable.promise },
  });
  const parked = park(MULTIVARIANT);
  await settle();
  assert.equal(parked.isAnswered, false);
  filled.addSegment();
  playable.resolve(true);
  assert.equal(statusOf(await parked.reply), 200);
});

test('a viewer who is early gets 404 when the stream ends, or after 12 s', async () => {
  const playable = Promise.withResolvers<boolean>();
  const { clock, park } = setUp({ segments: 0, stream: { whenPlayable: () => playable.promise } });
  const first = park(MULTIVARIANT);
  clock.advance(11_999);
  await settle();
  assert.equal(first.isAnswered, false);
  clock.advance(1);
  assert.equal(statusOf(await first.reply), 404);
  const second = park(MULTIVARIANT);
  playable.resolve(false);
  assert.equal(statusOf(await second.reply), 404);
});

test('a viewer who is early gets a NORMAL playlist once it has three segments', async () => {
  const { filled, park, get } = setUp({ isLowLatency: false, segments: 1 });
  const parked = park(MULTIVARIANT);
  await settle();
  filled.addSegment();
  await settle();
  assert.equal(parked.isAnswered, false);
  filled.addSegment();
  assert.equal(statusOf(await parked.reply), 200);
  assert.equal(get(MULTIVARIANT).status, 200);
});

test('a viewer of latency mode NORMAL does not wait for three segments where no more come', async () => {
  const { clock, filled, park, get } = setUp({ isLowLatency: false, segments: 1 });
  const stalled = park(MULTIVARIANT);
  await settle();
  clock.advance(5_999);
  await settle();
  assert.equal(stalled.isAnswered, false);
  clock.advance(501);
  assert.equal(statusOf(await stalled.reply), 200);
  const last = park(MULTIVARIANT);
  await settle();
  filled.window.end();
  assert.equal(statusOf(await last.reply), 200);
  assert.equal(get(MULTIVARIANT).status, 200);
});

test('a viewer of latency mode NORMAL waits for 12 s at most, however long the segments are', async () => {
  const { clock, filled, park } = setUp({ isLowLatency: false, segments: 1 });
  const parked = park(MULTIVARIANT);
  await settle();
  clock.advance(5_900);
  filled.addSegment();
  await settle();
  clock.advance(6_099);
  await settle();
  clock.advance(1);
  assert.equal(statusOf(await parked.reply), 200);
});

// --- media playlist

test('a media playlist is at hand without directives, and for what it already has', () => {
  const { filled, get } = setUp();
  filled.addPart();
  filled.addPart();
  const queries = [
    '',
    '?s=forged',
    '?x=1',
    '?_HLS_msn=0',
    '?_HLS_msn=2',
    '?_HLS_msn=3&_HLS_part=1',
  ];
  for (const query of queries) {
    assert.equal(get(PLAYLIST + query).status, 200, query);
  }
});

test('a media playlist has the same bytes for everyone', () => {
  const { get, viewers } = setUp();
  const one = get(`${PLAYLIST}?s=${viewers.begin(PLAYBACK_ID)}`);
  const other = get(`${PLAYLIST}?s=${viewers.begin(PLAYBACK_ID)}`);
  assert.equal(one.body, other.body);
});

test('a blocking reload is answered at the moment that the part is there', async () => {
  const { filled, park } = setUp();
  const first = park(`${PLAYLIST}?_HLS_msn=3&_HLS_part=0`);
  const second = park(`${PLAYLIST}?_HLS_msn=3&_HLS_part=1`);
  filled.addPart();
  await settle();
  assert.deepEqual([first.isAnswered, second.isAnswered], [true, false]);
  assert.match(await replyText(await first.reply), /URI="3\.0\.m4s"/);
  filled.addPart();
  assert.match(await replyText(await second.reply), /EXT-X-PART.*URI="3\.1\.m4s"/);
});

test('a blocking reload for a segment is answered when it is complete', async () => {
  const { filled, park } = setUp();
  const parked = park(`${PLAYLIST}?_HLS_msn=3`);
  filled.addPart();
  await settle();
  assert.equal(parked.isAnswered, false);
  filled.addSegment();
  assert.match(await replyText(await parked.reply), /\n3\.m4s\n/);
});

test('a blocking reload for a part past the end of its segment waits for the next segment', async () => {
  const { filled, park, get } = setUp();
  const parked = park(`${PLAYLIST}?_HLS_msn=2&_HLS_part=10`);
  await settle();
  assert.equal(parked.isAnswered, false);
  filled.addPart();
  assert.equal(statusOf(await parked.reply), 200);
  assert.equal(get(`${PLAYLIST}?_HLS_msn=2&_HLS_part=10`).status, 200);
});

test('a blocking reload is 503 after three target durations', async () => {
  const { clock, park } = setUp();
  const parked = park(`${PLAYLIST}?_HLS_msn=3&_HLS_part=0`);
  clock.advance(5_900);
  await settle();
  assert.equal(parked.isAnswered, false);
  clock.advance(600);
  assert.equal(statusOf(await parked.reply), 503);
});

// hls.js asks for no part any more once it has seen ENDLIST: on a connection of 40 ms, it waited for ever before one end of three.
test('blocking reloads are answered with ENDLIST a hold-back after the end', async () => {
  const { clock, park, get, window } = setUp();
  const before = park(`${PLAYLIST}?_HLS_msn=3&_HLS_part=0`);
  window.end();
  const after = park(`${PLAYLIST}?_HLS_msn=99`);
  clock.advance(950);
  await settle();
  assert.deepEqual([before.isAnswered, after.isAnswered], [false, false]);
  clock.advance(100);
  const later = get(`${PLAYLIST}?_HLS_msn=3&_HLS_part=0`);
  for (const reply of [await before.reply, await after.reply, later]) {
    assert.match(await replyText(reply), /#EXT-X-ENDLIST\n$/);
  }
});

test('nobody waits for the end of a stream that is let go of', async () => {
  const { park, window } = setUp();
  window.end();
  const parked = park(`${PLAYLIST}?_HLS_msn=99`);
  window.release();
  assert.match(await replyText(await parked.reply), /#EXT-X-ENDLIST\n$/);
});

// hls.js leaves a part unloaded that comes together with ENDLIST.
test('who asks for the last part gets ENDLIST with the next answer, not with this one', async () => {
  const { clock, window, get } = setUp();
  window.end();
  clock.advance(1000);
  const last = window.nextMsn - 1;
  const lastPart = (window.segment(last)?.parts.length ?? 0) - 1;
  for (const query of [`_HLS_msn=${last}&_HLS_part=${lastPart}`, `_HLS_msn=${last}`]) {
    const text = await replyText(get(`${PLAYLIST}?${query}`));
    assert.doesNotMatch(text, /ENDLIST/, query);
    assert.match(text, new RegExp(`\n${last}\\.m4s\n`), query);
  }
  for (const query of [`_HLS_msn=${last}&_HLS_part=${lastPart + 1}`, `_HLS_msn=${last + 1}`, '']) {
    assert.match(await replyText(get(`${PLAYLIST}?${query}`)), /#EXT-X-ENDLIST\n$/, query);
  }
});

for (const query of [
  '_HLS_msn=5',
  '_HLS_msn=99999',
  '_HLS_msn=3&_HLS_part=15',
  '_HLS_part=1',
  '_HLS_msn=x',
  '_HLS_msn=-1',
  '_HLS_msn=3&_HLS_msn=3',
  '_HLS_msn=3&_HLS_part=',
]) {
  test(`a media playlist is 400 with ?${query} when the last segment is 2`, () => {
    assert.equal(setUp().get(`${PLAYLIST}?${query}`).status, 400);
  });
}

test('a media playlist of latency mode NORMAL knows no directives', () => {
  const { get } = setUp({ isLowLatency: false });
  for (const query of ['_HLS_msn=3&_HLS_part=0', '_HLS_part=1', '_HLS_msn=999', '_HLS_skip=YES']) {
    assert.equal(get(`${PLAYLIST}?${query}`).status, 200, query);
  }
});

test('a media playlist is a delta update when the viewer asks for one', async () => {
  const { get } = setUp({ segments: 12 });
  assert.match(await replyText(get(`${PLAYLIST}?_HLS_skip=YES`)), /#EXT-X-SKIP:/);
  assert.doesNotMatch(await replyText(get(PLAYLIST)), /#EXT-X-SKIP:/);
});

test('a media playlist says how long a cache may keep it', () => {
  const { get, window } = setUp();
  const cacheControl = (query: string) => get(PLAYLIST + query).headers['Cache-Control'];
  assert.equal(cacheControl(''), 'public, max-age=1');
  assert.equal(cacheControl('?_HLS_msn=2'), 'public, max-age=12');
  window.end();
  assert.equal(cacheControl(''), 'public, max-age=60');
});

test('a media playlist is compressed once for all who take gzip', async () => {
  const { get } = setUp({ segments: 12 });
  const plain = await replyText(get(PLAYLIST));
  const gzipped = get(PLAYLIST, { headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
  assert.equal(gzipped.headers['Content-Encoding'], 'gzip');
  assert.equal(gunzipSync(gzipped.body as Uint8Array).toString(), plain);
  assert.equal(get(PLAYLIST, { headers: { 'accept-encoding': 'gzip' } }).body, gzipped.body);
  for (const acceptEncoding of ['', 'br', 'gzip;q=0', 'gzip;q=0.0, br', 'gzipped']) {
    const reply = get(PLAYLIST, { headers: { 'accept-encoding': acceptEncoding } });
    assert.equal(reply.headers['Content-Encoding'], undefined, acceptEncoding);
    assert.equal(reply.headers['Vary'], 'Accept-Encoding');
  }
});

test('a viewer is counted by its media playlist requests, and stays while one is parked', async () => {
  const { clock, filled, get, park, viewers } = setUp();
  const query = `?s=${viewers.begin(PLAYBACK_ID)}`;
  get(PLAYLIST + query);
  clock.advance(2_000);
  get(`${PLAYLIST}${query}&_HLS_msn=2`);
  assert.equal(viewers.count(PLAYBACK_ID), 1);
  const parked = park(`${PLAYLIST}${query}&_HLS_msn=3`);
  filled.addSegment();
  await parked.reply;
  clock.advance(60_000);
  assert.equal(viewers.count(PLAYBACK_ID), 0);
});

test('a parked viewer who goes away is not waited for, and leaves the count', async () => {
  const { clock, filled, get, park, viewers } = setUp();
  const query = `?s=${viewers.begin(PLAYBACK_ID)}`;
  get(PLAYLIST + query);
  clock.advance(3_000);
  const parked = park(`${PLAYLIST}${query}&_HLS_msn=3`);
  assert.equal(viewers.count(PLAYBACK_ID), 1);
  parked.request.goAway();
  filled.addSegment();
  await settle();
  assert.equal(parked.isAnswered, false);
  clock.advance(40_000);
  assert.equal(viewers.count(PLAYBACK_ID), 0);
});

test('media requests are no views', () => {
  const { clock, get, viewers } = setUp();
  const query = `?s=${viewers.begin(PLAYBACK_ID)}`;
  for (let i = 0; i < 10; i++) {
    get(`${LIVE}/1.m4s${query}`, { headers: { range: 'bytes=0-32766' } });
    clock.advance(1_000);
  }
  assert.equal(viewers.count(PLAYBACK_ID), 0);
});

// --- media

test('init segments, segments and parts are served whole, immutable and cacheable', async () => {
  const { get } = setUp();
  const bodies = [
    ['init-0.mp4', '<init 0>'],
    ['1.m4s', segmentText(1)],
    ['1.0.m4s', partText(1, 0)],
    ['2.9.m4s', partText(2, 9)],
  ] as const;
  for (const [file, text] of bodies) {
    const reply = get(`${LIVE}/${file}`);
    assert.equal(reply.status, 200, file);
    assert.equal(await replyText(reply), text);
    assert.equal(reply.headers['Content-Type'], 'video/mp4');
    assert.equal(reply.headers['Cache-Control'], 'public, max-age=3600, immutable');
    assert.equal(reply.headers['Accept-Ranges'], 'bytes');
  }
});

test('finished media is one reply for all its viewers, but for those who want a range of it', () => {
  const { get } = setUp();
  for (const path of [`${LIVE}/1.m4s`, `${LIVE}/1.0.m4s`, `${LIVE}/init-0.mp4`]) {
    const reply = get(path);
    assert.equal(reply.isShared, true, path);
    assert.equal(get(path), reply, path);
    assert.equal(get(path, { headers: { range: 'bytes=0-1' } }).status, 206, path);
  }
  assert.notEqual(get(`${LIVE}/2.m4s`), get(`${LIVE}/1.m4s`));
});

test('a segment can be read in any range, as one that lies over several parts', async () => {
  const { get } = setUp();
  const whole = segmentText(1);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(whole.length + 10), async (first, length) => {
      const reply = get(`${LIVE}/1.m4s`, {
        headers: { range: `bytes=${first}-${first + length}` },
      });
      const last = Math.min(first + length, whole.length - 1);
      assert.equal(reply.status, 206);
      assert.equal(reply.headers['Content-Range'], `bytes ${first}-${last}/${whole.length}`);
      assert.equal(await replyText(reply), whole.slice(first, last + 1));
    }),
  );
});

test('a range beyond the end is 416, several ranges or If-Range get the whole', async () => {
  const { get } = setUp();
  const whole = segmentText(1);
  const beyond = get(`${LIVE}/1.m4s`, { headers: { range: 'bytes=100000-' } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers['Content-Range'], `bytes */${whole.length}`);
  for (const headers of [
    { range: 'bytes=0-1,3-4' },
    { range: 'bytes=0-1', 'if-range': '"x"' },
  ] as const) {
    const reply = get(`${LIVE}/1.m4s`, { headers });
    assert.equal(reply.status, 200);
    assert.equal(await replyText(reply), whole);
  }
});

test('an open segment is sent as it grows, to its end', async () => {
  const { filled, get } = setUp();
  filled.addPart();
  const reply = get(`${LIVE}/3.m4s`, { headers: { range: 'bytes=0-1' } });
  assert.equal(reply.status, 200);
  const text = replyText(reply);
  filled.addPart();
  await settle();
  filled.addPart();
  filled.completeSegment();
  assert.equal(await text, segmentText(3, 3));
});

test('both prefetched segments are held until they begin', async () => {
  const { filled, park } = setUp();
  const next = park(`${LIVE}/3.m4s`);
  const afterNext = park(`${LIVE}/4.m4s`);
  filled.addPart();
  await settle();
  assert.deepEqual([next.isAnswered, afterNext.isAnswered], [true, false]);
  filled.completeSegment();
  filled.addPart();
  filled.completeSegment();
  assert.equal(await replyText(await next.reply), segmentText(3, 1));
  assert.equal(await replyText(await afterNext.reply), segmentText(4, 1));
});

test('a held segment is 503 when it does not come in time', async () => {
  const { clock, park } = setUp();
  const late = park(`${LIVE}/3.m4s`);
  clock.advance(6_500);
  assert.equal(statusOf(await late.reply), 503);
});

// The IVS player that starts with a segment which turns out to be a gap waits for ever: nobody came in while ffmpeg was away.
test('what an interrupted rendition would come with next is not announced, nor waited for', async () => {
  const { filled, get, park, window } = setUp();
  const prefetches = async () => (await replyText(get(PLAYLIST))).match(/(?<=PREFETCH:).*/g);
  assert.deepEqual(await prefetches(), ['3.m4s']);
  const held = park(`${LIVE}/3.m4s`);
  window.interrupt();
  assert.equal(statusOf(await held.reply), 204);
  assert.equal(await prefetches(), null);
  filled.addPart();
  assert.deepEqual(await prefetches(), ['3.m4s']);
  window.completeGap(180_000);
  assert.equal(await prefetches(), null);
});

// At a 404 the IVS player gives up with ErrorNetwork, though the rest of its buffer and ENDLIST are still to come.
test('a segment that was announced is 204, not 404, when the stream ended without it', async () => {
  const { get, park, window } = setUp();
  const held = park(`${LIVE}/3.m4s`);
  window.end();
  assert.equal(statusOf(await held.reply), 204);
  for (const file of ['3.m4s', '4.m4s']) assert.equal(get(`${LIVE}/${file}`).status, 204, file);
  assert.equal(get(`${LIVE}/5.m4s`).status, 404);
});

test('a hinted part is held until it is there', async () => {
  const { filled, park } = setUp();
  filled.addPart();
  const next = park(`${LIVE}/3.1.m4s`);
  const ofNextSegment = park(`${LIVE}/4.0.m4s`);
  filled.addPart();
  assert.equal(await replyText(await next.reply), partText(3, 1));
  filled.completeSegment();
  filled.addPart();
  assert.equal(await replyText(await ofNextSegment.reply), partText(4, 0));
});

test('a hinted part is 404 when its segment ends without it', async () => {
  const { filled, park, get } = setUp();
  filled.addPart();
  const parked = park(`${LIVE}/3.1.m4s`);
  filled.completeSegment();
  assert.equal(statusOf(await parked.reply), 404);
  assert.equal(get(`${LIVE}/3.1.m4s`).status, 404);
});

test('media beyond what is announced is 404 at once', () => {
  const { filled, get } = setUp();
  filled.addPart();
  for (const file of ['3.2.m4s', '4.1.m4s', '5.0.m4s', '5.m4s', '999999.m4s', 'init-1.mp4']) {
    assert.equal(get(`${LIVE}/${file}`).status, 404, file);
  }
});

test('media that left the window is 404', () => {
  const { get } = setUp({ segments: 30 });
  for (const file of ['0.m4s', '0.0.m4s', '5.m4s']) {
    assert.equal(get(`${LIVE}/${file}`).status, 404, file);
  }
});

test('nothing is held in latency mode NORMAL', () => {
  const { get } = setUp({ isLowLatency: false });
  for (const file of ['3.m4s', '4.m4s', '3.0.m4s']) {
    assert.equal(get(`${LIVE}/${file}`).status, 404, file);
  }
});

// --- everything

test('unknown streams and renditions, and path tricks, are 404', () => {
  const { get } = setUp();
  for (const path of [
    '/live/unknown/720p30/playlist.m3u8',
    `/live/${PLAYBACK_ID}/1080p30/playlist.m3u8`,
    `/live/${PLAYBACK_ID}/constructor/playlist.m3u8`,
    `${LIVE}/../720p30/playlist.m3u8`,
    `${LIVE}/%2e%2e/720p30/playlist.m3u8`,
    `/live/${PLAYBACK_ID}%2f720p30/playlist.m3u8`,
    `${LIVE}//playlist.m3u8`,
    `${LIVE}/é.m4s`,
    `${LIVE}/${'1'.repeat(7_000)}.m4s`,
    '/api/video/v1/../../etc/passwd',
  ]) {
    const reply = get(path);
    assert.equal(reply.status, 404, path);
    assert.equal(reply.headers['Cache-Control'], 'no-store');
  }
});

test('a rendition without a complete segment is 404', () => {
  assert.equal(setUp({ segments: 0 }).get(PLAYLIST).status, 404);
});

test('every reply can be read by a page of any origin', () => {
  const { get } = setUp();
  for (const target of [
    MULTIVARIANT,
    PLAYLIST,
    `${PLAYLIST}?_HLS_part=1`,
    `${LIVE}/1.m4s`,
    `${LIVE}/999.m4s`,
    '/live/nothing',
  ]) {
    const { headers } = get(target);
    assert.equal(headers['Access-Control-Allow-Origin'], '*', target);
    assert.match(String(headers['Access-Control-Expose-Headers']), /Content-Range/);
  }
});

test('a preflight allows GET, HEAD and Range', () => {
  const reply = setUp().get(`${LIVE}/1.m4s`, { method: 'OPTIONS' });
  assert.equal(reply.status, 204);
  assert.equal(reply.headers['Access-Control-Allow-Methods'], 'GET, HEAD, OPTIONS');
  assert.equal(reply.headers['Access-Control-Allow-Headers'], 'Range');
});

test('other methods are 405, and HEAD is as GET', () => {
  const { get } = setUp();
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    assert.equal(get(PLAYLIST, { method }).status, 405);
  }
  assert.deepEqual(get(PLAYLIST, { method: 'HEAD' }), get(PLAYLIST));
});

test('a property: no path below the roots throws or is anyone else’s', () => {
  const { routes } = setUp();
  fc.assert(
    fc.property(
      fc.constantFrom('/live', `/live/${PLAYBACK_ID}`, LIVE, '/api/video/v1'),
      fc.webPath(),
      fc.webQueryParameters(),
      (root, path, query) =>
        routes.handle(fakeRequest(`${root}${path || '/'}?${query}`)) !== undefined,
    ),
  );
});
