import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShownHealth } from './shown-health.ts';

test('the history has when starvation began and when it was over, once each, and nothing of other changes', () => {
  const events: string[] = [];
  const health = new ShownHealth({ happened: (name) => events.push(name) });
  assert.equal(health.current, 'UNKNOWN');
  for (const next of ['HEALTHY', 'STARVING', 'STARVING', 'HEALTHY', 'UNKNOWN'] as const) {
    health.show(next);
    assert.equal(health.current, next);
  }
  assert.deepEqual(events, ['Starvation Start', 'Starvation End']);
});
