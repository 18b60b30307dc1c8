import assert from 'node:assert/strict';
import type { VideoReport } from './chromium.ts';

/** Sound cards and busy machines: so far may a second of playback be from a second of the clock. */
const STEP_TOLERANCE_SECONDS = 0.4;
const TOLERANCE_SECONDS = 0.5;
const A_FEW_FRAMES_SECONDS = 0.2;
/** And a second of many: low-latency players play a little slower or faster to stay where they want to be. */
const RATE_TOLERANCE = 0.05;

/** HTMLMediaElement.HAVE_CURRENT_DATA. */
const HAVE_CURRENT_DATA = 2;

/** Pictures kept pace with the clock, second by second, and neither the player nor the element ever waited for data. */
export function assertUninterrupted(
  reports: readonly (VideoReport & { readonly errors: readonly unknown[] })[],
): void {
  const [first, last] = [reports[0]!, reports.at(-1)!];
  const seen = JSON.stringify({
    seconds: reports.map(({ atMs, mediaSeconds }) => [Math.round(atMs), mediaSeconds]),
    events: last.events.slice(first.events.length),
    errors: last.errors.slice(first.errors.length),
  });
  assert.deepEqual(last.errors.slice(first.errors.length), [], seen);
  assert.ok(!last.events.slice(first.events.length).includes('waiting'), seen);
  const seconds = (last.atMs - first.atMs) / 1000;
  const toleranceSeconds = TOLERANCE_SECONDS + seconds * RATE_TOLERANCE;
  assert.ok(Math.abs(last.mediaSeconds - first.mediaSeconds - seconds) < toleranceSeconds, seen);
  for (const [i, report] of reports.entries()) {
    const previous = reports[i - 1];
    if (!previous) continue;
    const stepSeconds = (report.atMs - previous.atMs) / 1000;
    assert.ok(
      report.mediaSeconds - previous.mediaSeconds > stepSeconds - STEP_TOLERANCE_SECONDS,
      seen,
    );
    assert.ok(report.readyState >= HAVE_CURRENT_DATA, seen);
    if (stepSeconds > A_FEW_FRAMES_SECONDS) assert.ok(report.frames > previous.frames, seen);
  }
}
