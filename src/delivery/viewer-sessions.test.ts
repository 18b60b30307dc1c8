import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import type { ViewerLimits } from './remembered-sessions.ts';
import { SessionIds } from './session-ids.ts';
import { ViewerSessions } from './viewer-sessions.ts';

const STREAM = 'stream';

function setUp(limits?: ViewerLimits) {
  const clock = new FakeClock();
  const ids = new SessionIds({ key: randomBytes(32), random: randomBytes, clock });
  const viewers = new ViewerSessions({
    ids,
    clock,
    log: silentLogger,
    ...(limits && { limits }),
  });
  const watch = (id: string, seconds: number, rendition = 0) => {
    for (let i = 0; i < seconds; i++) {
      viewers.playlistRequested(STREAM, id, rendition);
      clock.advance(1_000);
    }
  };
  return { clock, viewers, watch };
}

test('count() has a viewer within 15 s of its first playlist, at any target duration of IVS', () => {
  for (const targetDurationMs of [1_000, 2_000, 6_000, 10_000]) {
    const { clock, viewers } = setUp();
    const id = viewers.begin(STREAM);
    viewers.playlistRequested(STREAM, id, 0);
    assert.equal(viewers.count(STREAM), 0);
    for (let atMs = 0; atMs < 12_000; atMs += targetDurationMs) {
      clock.advance(targetDurationMs);
      viewers.playlistRequested(STREAM, id, 0);
    }
    assert.equal(viewers.count(STREAM), 1, `target duration ${targetDurationMs} ms`);
  }
});

test('count() loses a viewer within 60 s of its last request, and not within 30 s', () => {
  const { clock, viewers, watch } = setUp();
  watch(viewers.begin(STREAM), 10);
  clock.advance(29_000);
  assert.equal(viewers.count(STREAM), 1);
  clock.advance(10_000);
  assert.equal(viewers.count(STREAM), 0);
});

test('count() takes a viewer that came back for one', () => {
  const { clock, viewers, watch } = setUp();
  const id = viewers.begin(STREAM);
  watch(id, 10);
  clock.advance(60_000);
  watch(id, 10);
  assert.equal(viewers.count(STREAM), 1);
});

test('count() is not fooled by a probe that reads every rendition once', () => {
  const { clock, viewers } = setUp();
  const id = viewers.begin(STREAM);
  for (let rendition = 0; rendition < 5; rendition++) {
    viewers.playlistRequested(STREAM, id, rendition);
    clock.advance(1_000);
  }
  assert.equal(viewers.count(STREAM), 0);
});

test('count() is not fooled by a probe that reads one playlist several times at once', () => {
  const { clock, viewers } = setUp();
  const id = viewers.begin(STREAM);
  for (let i = 0; i < 5; i++) viewers.playlistRequested(STREAM, id, 0);
  clock.advance(5_000);
  assert.equal(viewers.count(STREAM), 0);
});

test('count() has one viewer who changes renditions once', () => {
  const { viewers, watch } = setUp();
  const id = viewers.begin(STREAM);
  watch(id, 5, 0);
  watch(id, 5, 1);
  watch(id, 5, 2);
  assert.equal(viewers.count(STREAM), 1);
});

test('count() keeps a viewer whose request is parked, however long', () => {
  const { clock, viewers, watch } = setUp();
  const id = viewers.begin(STREAM);
  watch(id, 5);
  const session = viewers.playlistRequested(STREAM, id, 0);
  assert.ok(session);
  const release = viewers.park(session);
  clock.advance(300_000);
  assert.equal(viewers.count(STREAM), 1);
  release();
  release();
  assert.equal(session.parkedRequests, 0);
  clock.advance(40_000);
  assert.equal(viewers.count(STREAM), 0);
});

test('count() has no one with a forged id or one of another stream', () => {
  const { viewers, watch } = setUp();
  watch('A'.repeat(44), 10);
  watch(viewers.begin('another stream'), 10);
  assert.equal(viewers.count(STREAM), 0);
});

test('countByCountry() has those who play, by where their playback started', () => {
  const { clock, viewers } = setUp();
  const ids = ['DE', 'FR', 'DE', undefined].map((country) =>
    viewers.begin(STREAM, country === undefined ? {} : { country }),
  );
  for (let i = 0; i < 10; i++) {
    for (const id of ids) viewers.playlistRequested(STREAM, id, 0);
    clock.advance(1000);
  }
  viewers.playlistRequested(STREAM, viewers.begin(STREAM, { country: 'IT' }), 0);
  const counts = Object.fromEntries(viewers.countByCountry(STREAM));
  assert.deepEqual(counts, { DE: 2, FR: 1 });
  assert.equal(viewers.count(STREAM), 4);
  assert.equal(viewers.countByCountry('other').size, 0);
});

test('count() tells streams apart', () => {
  const { clock, viewers, watch } = setUp();
  watch(viewers.begin(STREAM), 5);
  const other = viewers.begin('other');
  for (let i = 0; i < 4; i++) {
    viewers.playlistRequested('other', other, 0);
    clock.advance(1_000);
  }
  assert.deepEqual([viewers.count(STREAM), viewers.count('other')], [1, 1]);
  assert.equal(viewers.count('none'), 0);
});

test('playlistRequested() forgets the probe that waits longest when a stream has too many sessions', () => {
  const { viewers, watch } = setUp({ maxSessionsPerStream: 3, maxSessions: 10 });
  const player = viewers.begin(STREAM);
  watch(player, 5);
  for (let i = 0; i < 20; i++) viewers.playlistRequested(STREAM, viewers.begin(STREAM), 0);
  watch(player, 5);
  assert.equal(viewers.count(STREAM), 1);
});

test('playlistRequested() does not count beyond the bound, nor let one stream take the room of all', () => {
  const { viewers, watch } = setUp({ maxSessionsPerStream: 2, maxSessions: 3 });
  for (let i = 0; i < 4; i++) watch(viewers.begin(STREAM), 5);
  assert.equal(viewers.count(STREAM), 2);
  assert.ok(viewers.playlistRequested(STREAM, viewers.begin(STREAM), 0), 'served all the same');
  assert.equal(viewers.countPresent(STREAM), 2);
  assert.ok(viewers.playlistRequested('other', viewers.begin('other'), 0));
  viewers.playlistRequested('third', viewers.begin('third'), 0);
  assert.equal(viewers.countPresent('third'), 0);
});
