import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  BOUND_PLAYBACK_ID,
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
import { PartCopies } from './part-copies.ts';
import { ReplicaRoutes } from './replica-routes.ts';
import { StreamReplicas } from './stream-replicas.ts';
import { PumpedLinks } from './testing/pumped-links.ts';
import { WindowFeed } from './window-feed.ts';

const LIVE = `/live/${PLAYBACK_ID}/720p30`;
const PLAYLIST = `${LIVE}/playlist.m3u8`;

/** A worker that has taken a stream up, and the routes of the main thread. */
function setUp(options: { readonly isLowLatency?: boolean; readonly segments?: number } = {}) {
  const clock = new FakeClock();
  const filled = new FilledWindow({ clock, ...options });
  const stream = streamOnAir([filled.window]);
  const links = new PumpedLinks();
  const feed = new WindowFeed({
    conversation: links.main.conversation('windows'),
    copies: new PartCopies(),
    byPlaybackId: (id) => ([PLAYBACK_ID, BOUND_PLAYBACK_ID].includes(id) ? stream : undefined),
  });
  const streams = new StreamReplicas({
    conversation: links.worker.conversation('windows'),
    clock,
  });
  const noted: [string, string, number][] = [];
  const viewers = {
    playlistRequested: (...playlist: [string, string, number]) => void noted.push(playlist),
    park: () => () => {},
  };
  const routes = new ReplicaRoutes({ streams, viewers });
  const main = playbackOf([stream], { clock }).routes;
  streams.find(PLAYBACK_ID);
  links.deliver();
  return { clock, filled, links, feed, routes, main, noted };
}

/** A reply as a viewer sees it. */
async function seen(reply: HttpReply | Promise<HttpReply> | undefined) {
  const { status, headers, ...rest } = (await reply) ?? assert.fail('it is answered');
  return { status, headers, text: await replyText({ status, headers, ...rest }) };
}

test('handle() answers as the main thread does', async () => {
  for (const isLowLatency of [true, false]) {
    const { filled, links, routes, main } = setUp({ isLowLatency });
    filled.addPart();
    links.deliver();
    const targets = [
      PLAYLIST,
      `${PLAYLIST}?_HLS_msn=1`,
      `${PLAYLIST}?_HLS_msn=3&_HLS_part=0&_HLS_skip=YES`,
      `${LIVE}/init-0.mp4`,
      `${LIVE}/1.m4s`,
      `${LIVE}/2.3.m4s`,
    ];
    const range = { headers: { range: 'bytes=1-2' } };
    const gzip = { headers: { 'accept-encoding': 'gzip' } };
    for (const target of targets) {
      for (const options of [{}, { method: 'HEAD' }, range, gzip]) {
        const request = fakeRequest(target, options);
        assert.deepEqual(await seen(routes.handle(request)), await seen(main.handle(request)));
      }
    }
  }
});

test('handle() leaves to others what it has no replica for, and what it would refuse', () => {
  const { routes } = setUp();
  for (const target of [
    '/',
    '/api/video/v1/us-west-2.123456789012.channel.abcdABCDefgh.m3u8',
    `/live/${PLAYBACK_ID}/thumb.jpg`,
    `/live/another/720p30/playlist.m3u8`,
    `/live/${BOUND_PLAYBACK_ID}/${'s'.repeat(44)}/720p30/playlist.m3u8`,
    `/live/${PLAYBACK_ID}/${'s'.repeat(44)}/720p30/playlist.m3u8`,
    `/live/${PLAYBACK_ID}/360p30/playlist.m3u8`,
    `/live/${PLAYBACK_ID}/720p30/..`,
    `${LIVE}/9.m4s`,
    `${LIVE}/1.ts`,
    `${LIVE}/1.99.m4s`,
    `${LIVE}/init-1.mp4`,
    `${PLAYLIST}?_HLS_msn=9`,
    `${PLAYLIST}?_HLS_part=1`,
  ]) {
    assert.equal(routes.handle(fakeRequest(target)), undefined, target);
  }
  for (const method of ['OPTIONS', 'POST', 'DELETE']) {
    assert.equal(routes.handle(fakeRequest(PLAYLIST, { method })), undefined, method);
  }
});

test('handle() leaves the segments to others that are older than where players begin', async () => {
  const { routes, main } = setUp({ segments: 5 });
  const isLeft = (target: string) => routes.handle(fakeRequest(`${LIVE}/${target}`)) === undefined;
  const targets = ['2.m4s', '2.0.m4s', '3.m4s', '3.0.m4s', 'init-0.mp4', 'playlist.m3u8'];
  assert.deepEqual(targets.map(isLeft), [true, true, false, false, false, false]);
  const text = (await seen(main.handle(fakeRequest(`${LIVE}/2.m4s`)))).text;
  assert.equal(text, segmentText(2));
});

test('handle() takes a stream up as it is asked for, and has it for the next request', () => {
  const { clock, routes, links } = setUp();
  clock.advance(70_000);
  assert.equal(routes.handle(fakeRequest(PLAYLIST)), undefined);
  links.deliver();
  assert.ok(routes.handle(fakeRequest(PLAYLIST)));
});

test('handle() answers parked requests as soon as the worker is told of what they wait for', async () => {
  const { filled, links, routes } = setUp();
  const playlist = routes.handle(fakeRequest(`${PLAYLIST}?_HLS_msn=3&_HLS_part=0`));
  const part = routes.handle(fakeRequest(`${LIVE}/3.0.m4s`));
  const segment = routes.handle(fakeRequest(`${LIVE}/3.m4s`));
  filled.addSegment();
  links.deliver();
  assert.match((await seen(playlist)).text, /URI="3\.0\.m4s"/);
  assert.equal((await seen(part)).text, partText(3, 0));
  assert.equal((await seen(segment)).text, segmentText(3));
});

test('handle() tells of the sessions that ask for playlists, by the place of the rendition', () => {
  const { routes, noted } = setUp();
  for (const target of [`${PLAYLIST}?s=abc`, PLAYLIST, `${LIVE}/1.m4s?s=abc`]) {
    assert.ok(routes.handle(fakeRequest(target)));
  }
  assert.deepEqual(noted, [[PLAYBACK_ID, 'abc', 0]]);
});
