import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorEvent, limitBreachEvent, STREAM_EVENTS } from './events.ts';

test('isErrorEvent() is true for failures and limit breaches alone', () => {
  const names = Object.keys(STREAM_EVENTS) as (keyof typeof STREAM_EVENTS)[];
  assert.deepEqual(names.filter(isErrorEvent), [
    'Stream Failure',
    'Ingest Bitrate',
    'Ingest Resolution',
    'Concurrent Broadcasts',
    'Concurrent Viewers',
    'Recording Start Failure',
    'Recording End Failure',
  ]);
});

test("limitBreachEvent() names the event after its limit, as IVS's sessions do", () => {
  const breach = {
    limitName: 'Ingest Resolution',
    limitValue: 1920,
    exceededBy: 80,
    limitUnit: 'pixels per edge',
  } as const;
  assert.deepEqual(limitBreachEvent(breach, 1_700_000_000_000), {
    name: 'Ingest Resolution',
    timeMs: 1_700_000_000_000,
    limitValue: 1920,
    exceededBy: 80,
    limitUnit: 'pixels per edge',
  });
});
