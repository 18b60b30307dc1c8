import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { PLAYBACK_ID } from '../../test/support/playback.ts';
import { SessionIds } from '../delivery/session-ids.ts';
import { ViewerSessions } from '../delivery/viewer-sessions.ts';
import { silentLogger } from '../lib/logger.ts';
import { PumpedLinks } from './testing/pumped-links.ts';
import { countReportedViewers, ViewerReports } from './viewer-reports.ts';

/** Viewers of one worker, counted in the main thread; and counted there directly, for comparison. */
function setUp(startMs = 0) {
  const clock = new FakeClock();
  const links = new PumpedLinks();
  const warnings: object[] = [];
  const ids = new SessionIds({ key: randomBytes(32), random: randomBytes, clock });
  const sessions = () => new ViewerSessions({ ids, clock, log: silentLogger });
  const [direct, counted] = [sessions(), sessions()];
  countReportedViewers(links.main.conversation('viewers'), counted);
  // A worker's clock ticks at other times.
  clock.advance(startMs);
  const reports = new ViewerReports({
    conversation: links.worker.conversation('viewers'),
    clock,
    log: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
  });
  /** Moves time on; what is reported on the way arrives at once. */
  const advance = (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(left, 50));
      links.deliver();
    }
  };
  const counts = () => ({ direct: direct.count(PLAYBACK_ID), counted: counted.count(PLAYBACK_ID) });
  return { clock, links, direct, counted, reports, warnings, advance, counts };
}

const STEP_MS = 100;
/** Of two seconds. */
const STEPS = 2_000 / STEP_MS;

interface Visit {
  /** Times and renditions of playlist requests. */
  readonly requests: readonly { readonly atMs: number; readonly rendition: number }[];
}

const rendition = fc.nat({ max: 2 });
const atMs = fc.nat({ max: 20_000 });

/** Comes back for a playlist for as long as it plays. */
const player: fc.Arbitrary<Visit> = fc
  .record({
    fromMs: atMs,
    // Once a part, or once in a target duration.
    everyMs: fc.oneof(fc.integer({ min: 100, max: 500 }), fc.integer({ min: 2_000, max: 6_000 })),
    staysMs: fc.integer({ min: 4_000, max: 20_000 }),
    rendition,
  })
  .map(({ fromMs, everyMs, staysMs, rendition: index }) => ({
    requests: Array.from({ length: Math.floor(staysMs / everyMs) + 1 }, (_, i) => ({
      atMs: fromMs + i * everyMs,
      rendition: index,
    })),
  }));

/** Reads all playlists, perhaps a few times, at once. */
const probe: fc.Arbitrary<Visit> = fc
  .record({ fromMs: atMs, renditions: fc.array(rendition, { maxLength: 10 }) })
  .map(({ fromMs, renditions }) => ({
    requests: renditions.map((index, i) => ({ atMs: fromMs + i * 50, rendition: index })),
  }));

test('viewers of a worker are counted as those of the main thread are, within two seconds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(player, probe), { maxLength: 8 }),
      fc.nat({ max: 999 }),
      (visits, startMs) => {
        const { direct, reports, advance, counts } = setUp(startMs);
        const requests = visits.flatMap((visit) => {
          const id = direct.begin(PLAYBACK_ID);
          return visit.requests.map((request) => ({ ...request, id }));
        });
        requests.sort((a, b) => a.atMs - b.atMs);
        const history: ReturnType<typeof counts>[] = [];
        for (let nowMs = 0; nowMs < 25_000; nowMs += STEP_MS) {
          while (requests[0] && requests[0].atMs <= nowMs) {
            const { id, rendition: index } = requests.shift() ?? assert.fail();
            direct.playlistRequested(PLAYBACK_ID, id, index);
            reports.playlistRequested(PLAYBACK_ID, id, index);
          }
          advance(STEP_MS);
          history.push(counts());
        }
        for (const [i, { counted }] of history.entries()) {
          const around = history.slice(Math.max(0, i - STEPS), i + STEPS + 1);
          const wanted = around.map((each) => each.direct);
          const isRight = counted >= Math.min(...wanted) && counted <= Math.max(...wanted);
          assert.ok(isRight, `${counted} are counted, there were ${wanted}`);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a session stays for as long as a request of it is parked in a worker', () => {
  const { counted, reports, advance, counts } = setUp();
  const id = counted.begin(PLAYBACK_ID);
  const ask = () =>
    reports.playlistRequested(PLAYBACK_ID, id, 0) ?? assert.fail('it is remembered');
  ask();
  advance(3_000);
  const leave = reports.park(ask());
  advance(90_000);
  assert.equal(counts().counted, 1);
  leave();
  leave();
  advance(29_000);
  assert.equal(counts().counted, 1);
  advance(10_000);
  assert.equal(counts().counted, 0);
});

test('a rendition that is asked for twice between two reports was asked for again', () => {
  const { counted, reports, advance, counts } = setUp();
  const id = counted.begin(PLAYBACK_ID);
  reports.playlistRequested(PLAYBACK_ID, id, 0);
  advance(3_000);
  reports.playlistRequested(PLAYBACK_ID, id, 1);
  advance(1_000);
  assert.equal(counts().counted, 0, 'each one once');
  reports.playlistRequested(PLAYBACK_ID, id, 40);
  reports.playlistRequested(PLAYBACK_ID, id, 40);
  advance(1_000);
  assert.equal(counts().counted, 1);
});

test('what is not the id of a session counts for nothing', () => {
  const { counted, reports, advance } = setUp();
  reports.playlistRequested(PLAYBACK_ID, 'guessed', 0);
  reports.playlistRequested(PLAYBACK_ID, 's'.repeat(44), 0);
  assert.equal(reports.playlistRequested(PLAYBACK_ID, 's'.repeat(129), 0), undefined);
  advance(1_000);
  assert.equal(counted.countPresent(PLAYBACK_ID), 0);
});

test('sessions beyond the bound are not told of, with one warning for all', () => {
  const { links, reports, clock, warnings } = setUp();
  for (let i = 0; i < 20_003; i++) reports.playlistRequested(PLAYBACK_ID, `guessed${i}`, 0);
  clock.advance(1_000);
  assert.deepEqual(warnings, [{ requests: 3, sessions: 20_000 }]);
  assert.equal(links.messagesToMain, 1);
  clock.advance(1_000);
  assert.equal(links.messagesToMain, 1, 'nothing is left to tell');
  assert.ok(reports.playlistRequested(PLAYBACK_ID, 'another', 0));
});
