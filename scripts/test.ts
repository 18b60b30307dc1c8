// `npm test`: the one gate. The checks, then every test; `npm test -- <file or glob>...` runs those tests alone.
// The last line is `N passed, N failed`, with `, N skipped` where there were any.

import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { TRIED_AGAIN } from '../test/support/real-time.ts';
import { type Counts, TEST_TIMEOUT_MS, TestLane } from '../test/support/test-lane.ts';
import { runChecks } from './check.ts';

/** Files whose tests measure how long something takes: each has the machine for itself. */
const TIMED = [
  'control-plane-fuzz',
  'history',
  'hostile',
  'hours',
  'live',
  'private-load',
  'real-time',
  'test-lane',
];

/**
 * Files whose tests keep players or transcoders busy: one at a time, or pictures are late. The others mostly wait, and run beside
 * them, one at a time as well. Transcoders are last: by then the others have ended.
 */
const HEAVY = [
  'browser-hls',
  'browser-ivs-player',
  'browser-operator',
  'browser-private',
  'browser-reconnect',
  'browser-recording',
  'browser-takeover',
  'browser-ts',
  'browser-viewers',
  'browser-watch',
  'https',
  'browser-metadata',
  'browser-ladder',
  'ladder',
  'ladder-trouble',
];

const ROOT = path.dirname(import.meta.dirname);

const tally = { passed: 0, failed: 0, skipped: 0, triedAgain: 0 };

function count({ tests, passed, skipped, todo }: Counts): void {
  tally.passed += passed;
  tally.failed += tests - passed - skipped - todo;
  tally.skipped += skipped + todo;
}

/** Runs the test files of a glob, so many at a time. Yields the report, piece by piece. */
function runTests(globPatterns: string[], concurrency: number): AsyncIterable<string> {
  const events = run({ cwd: ROOT, globPatterns, concurrency, timeout: TEST_TIMEOUT_MS });
  // With a file it is that file's summary; the last one, without, covers them all.
  events.on('test:summary', ({ file, counts }) => {
    if (file === undefined) count(counts);
  });
  return events.compose(new spec());
}

/** The report of a lane, piece by piece. */
function reportOf(events: AsyncIterable<TestEvent>): AsyncIterable<string> {
  return Readable.from(counted(events)).compose(new spec());
}

async function* counted(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    if (event.type === 'test:diagnostic' && event.data.message.startsWith(TRIED_AGAIN))
      tally.triedAgain++;
    yield event;
  }
}

async function print(report: AsyncIterable<string>): Promise<void> {
  for await (const piece of report) process.stdout.write(piece);
}

/** Prints what `first` reports as it comes, and what `second` did meanwhile behind it. */
async function printBoth(
  first: AsyncIterable<string>,
  second: AsyncIterable<string>,
): Promise<void> {
  const [, pieces] = await Promise.all([print(first), Array.fromAsync(second)]);
  process.stdout.write(pieces.join(''));
}

/** The files of whole-service tests, by what else may run beside them. */
async function wholeServiceTests(): Promise<Record<'timed' | 'heavy' | 'light', string[]>> {
  const files = await Array.fromAsync(glob('test/**/*.test.ts', { cwd: ROOT }));
  const nameOf = (file: string) => path.basename(file, '.test.ts');
  const kindOf = (file: string) => {
    const name = nameOf(file);
    if (TIMED.includes(name)) return 'timed';
    return HEAVY.includes(name) ? 'heavy' : 'light';
  };
  const unknown = [...TIMED, ...HEAVY].filter(
    (name) => !files.some((file) => file.endsWith(`/${name}.test.ts`)),
  );
  if (unknown.length > 0)
    throw new Error(`cannot arrange the tests: there is no ${unknown.join(', ')}`);
  const placeOf = (file: string) => HEAVY.indexOf(nameOf(file));
  const ordered = files.toSorted().sort((a, b) => placeOf(a) - placeOf(b));
  return { timed: [], heavy: [], light: [], ...Object.groupBy(ordered, kindOf) };
}

const chosen = process.argv.slice(2);
if (chosen.length > 0) {
  await print(runTests(chosen, 1));
} else if (await runChecks()) {
  await print(runTests(['src/**/*.test.ts'], availableParallelism()));
  const { timed, heavy, light } = await wholeServiceTests();
  const lane = new TestLane(count);
  await printBoth(reportOf(lane.run(heavy)), reportOf(lane.run(light)));
  await print(reportOf(lane.run(timed)));
  await print(reportOf(lane.settle()));
} else {
  tally.failed += 1;
}

const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
if (tally.triedAgain > 0) console.log(`\n${tally.triedAgain} times ${TRIED_AGAIN}`);
console.log(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
