// `npm test`: the one gate. The checks, then every test; `npm test -- <file or glob>...` runs those tests alone.
// The last line is `N passed, N failed`, with `, N skipped` where there were any.

import { availableParallelism } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { runChecks } from './check.ts';

/** A test that takes longer hangs: the slowest whole-service tests wait for windows of 60 s. */
const TEST_TIMEOUT_MS = 10 * 60_000;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs the tests that the globs name, reports each, and adds its counts to `tally`. */
async function runTests(globPatterns: string[], concurrency: number, tally: Tally): Promise<void> {
  const events = run({
    cwd: path.dirname(import.meta.dirname),
    globPatterns,
    concurrency,
    timeout: TEST_TIMEOUT_MS,
  });
  events.on('test:summary', ({ file, counts }) => {
    // With a file it is that file's summary; the last one, without, covers them all.
    if (file !== undefined) return;
    tally.passed += counts.passed;
    tally.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
    tally.skipped += counts.skipped + counts.todo;
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const chosen = process.argv.slice(2);
if (chosen.length > 0) {
  await runTests(chosen, 1, tally);
} else if (await runChecks()) {
  await runTests(['src/**/*.test.ts'], availableParallelism(), tally);
  // One file at a time: these measure latency, and each fills the machine with encoders and browsers.
  await runTests(['test/**/*.test.ts'], 1, tally);
} else {
  tally.failed += 1;
}

const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
console.log(`\n${tally.passed} passed, ${tally.failed} failed${skipped}`);
if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
