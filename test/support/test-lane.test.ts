import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { setTimeout as delay } from 'node:timers/promises';
import { MachineLoad } from './machine-load.ts';
import { type FileRun, TestLane } from './test-lane.ts';

/** Longer than it takes to see that a machine has too much to do. */
const RUN_MS = 2_600;

const eventOf = (type: 'test:pass' | 'test:fail', name: string): TestEvent => {
  const error = new Error('1 subtest failed', { cause: new Error('late') });
  return { type, data: { name, details: { error, duration_ms: 1 } } } as TestEvent;
};
const PASSED: FileRun = {
  events: [eventOf('test:pass', 'plays')],
  counts: { tests: 1, passed: 1, skipped: 0, todo: 0 },
};
const FAILED: FileRun = {
  events: [eventOf('test:fail', 'plays')],
  counts: { tests: 1, passed: 0, skipped: 0, todo: 0 },
};

/** A lane on a machine where each second `share` of it is waited for, and whose files end as `runs` has it, one after the other. */
function laneOf(share: number, runs: FileRun[]) {
  const asked: string[] = [];
  const counted: number[] = [];
  const lane = new TestLane(({ passed }) => counted.push(passed), {
    watchLoad: () => new MachineLoad(() => (performance.now() / 1000) * share),
    runFile: async (file) => {
      asked.push(file);
      await delay(RUN_MS);
      return runs.shift()!;
    },
  });
  return { lane, asked, counted };
}

const typesOf = async (events: AsyncIterable<TestEvent>) =>
  (await Array.fromAsync(events)).map(({ type }) => type);

test('a file that failed while programs did not get a processor is run again, and counts once', async () => {
  const { lane, asked, counted } = laneOf(0.9, [FAILED, PASSED, PASSED]);
  const [inDoubt, passed] = await Array.fromAsync(lane.run(['a', 'b']));
  assert.equal(inDoubt?.type, 'test:diagnostic');
  assert.match(inDoubt.data.message, /^tried again alone, for .* 2\.5 s: a\nplays: late$/);
  assert.equal(passed?.type, 'test:pass');
  assert.deepEqual([lane.inDoubt, counted], [['a'], [1]]);
  assert.deepEqual(await typesOf(lane.settle()), ['test:pass']);
  assert.deepEqual([asked, lane.inDoubt, counted], [['a', 'b', 'a'], [], [1, 1]]);
});

test('a file that fails three times failed, whatever the machine had to do', async () => {
  const { lane, asked, counted } = laneOf(0.9, [FAILED, FAILED, FAILED]);
  await typesOf(lane.run(['a']));
  assert.deepEqual(await typesOf(lane.settle()), ['test:diagnostic', 'test:fail']);
  assert.deepEqual([asked, lane.inDoubt, counted], [['a', 'a', 'a'], [], [0]]);
});

test('a file that fails on a machine with time to spare failed', async () => {
  const { lane, counted } = laneOf(0.4, [FAILED]);
  assert.deepEqual(await typesOf(lane.run(['a'])), ['test:fail']);
  assert.deepEqual([lane.inDoubt, counted], [[], [0]]);
});
