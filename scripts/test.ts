// `npm test`: the one gate. The checks, then every test; `npm test -- <file or glob>...` runs those tests alone.
// The last line is `N passed, N failed`, with `, N skipped` where there were any.

import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { TRIED_AGAIN } from '../test/support/real-time.ts';
import { runChecks } from './check.ts';

/** A test that takes longer hangs: the slowest whole-service tests wait for windows of 60 s. */
const TEST_TIMEOUT_MS = 10 * 60_000;

/** Files whose tests measure how long something takes: each has the machine for itself. */
const TIMED = ['control-plane-fuzz', 'hostile', 'hours', 'live', 'private-load', 'real-time'];

/**
 * Files whose tests keep players or transcoders busy: one at a time, or pictures are late. The others mostly wait, and run beside
 * them, one at a time as well.
 */
const HEAVY = [
  'browser-hls',
  'browser-ivs-player',
  'browser-ladder',
  'browser-metadata',
  'browser-private',
  'browser-reconnect',
  'browser-recording',
  'browser-takeover',
  'browser-ts',
  'browser-watch',
  'ladder',
  'ladder-trouble',
];

const ROOT = path.dirname(import.meta.dirname);

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** In real time, on a machine without time. */
  triedAgain: number;
}

/** Runs test files, so many at a time, and adds their counts to `tally`. Yields the report, piece by piece. */
function runTests(
  files: Readonly<{ globPatterns: string[] } | { files: string[] }>,
  concurrency: number,
): AsyncIterable<string> {
  const events = run({ cwd: ROOT, ...files, concurrency, timeout: TEST_TIMEOUT_MS });
  events.on('test:diagnostic', ({ message }) => {
    if (message.startsWith(TRIED_AGAIN)) tally.triedAgain++;
  });
  events.on('test:summary', ({ file, counts }) => {
    // With a file it is that file's summary; the last one, without, covers them all.
    if (file !== undefined) return;
    tally.passed += counts.passed;
    tally.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
    tally.skipped += counts.skipped + counts.todo;
  });
  return events.compose(new spec());
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
  const kindOf = (file: string) => {
    const name = path.basename(file, '.test.ts');
    if (TIMED.includes(name)) return 'timed';
    return HEAVY.includes(name) ? 'heavy' : 'light';
  };
  const unknown = [...TIMED, ...HEAVY].filter(
    (name) => !files.some((file) => file.endsWith(`/${name}.test.ts`)),
  );
  if (unknown.length > 0)
    throw new Error(`cannot arrange the tests: there is no ${unknown.join(', ')}`);
  const byKind = Object.groupBy(files.toSorted(), kindOf);
  return { timed: [], heavy: [], light: [], ...byKind };
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0, triedAgain: 0 };
const chosen = process.argv.slice(2);
if (chosen.length > 0) {
  await print(runTests({ globPatterns: chosen }, 1));
} else if (await runChecks()) {
  await print(runTests({ globPatterns: ['src/**/*.test.ts'] }, availableParallelism()));
  const { timed, heavy, light } = await wholeServiceTests();
  await printBoth(runTests({ files: heavy }, 1), runTests({ files: light }, 1));
  await print(runTests({ files: timed }, 1));
} else {
  tally.failed += 1;
}

const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
if (tally.triedAgain > 0) console.log(`\n${tally.triedAgain} times ${TRIED_AGAIN}`);
console.log(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
