import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartBackoff } from './restart-backoff.ts';

/** How long each of a row of children that die at once makes the next one wait. */
function delays(backoff: RestartBackoff, deaths: number): number[] {
  return Array.from({ length: deaths }, () => {
    backoff.died(0, 0);
    let delayMs = 0;
    while (!backoff.mayStart(delayMs)) delayMs += 500;
    return delayMs / 1_000;
  });
}

test('RestartBackoff restarts at once, then later each time, at most 30 s', () => {
  assert.deepEqual(delays(new RestartBackoff(), 8), [0, 1, 2, 4, 8, 16, 30, 30]);
});

test('RestartBackoff forgets deaths after a minute of work', () => {
  const backoff = new RestartBackoff();
  delays(backoff, 5);
  backoff.died(100_000, 160_000);
  assert.ok(backoff.mayStart(160_000));
  backoff.died(160_000, 219_999);
  assert.ok(!backoff.mayStart(219_999));
});
