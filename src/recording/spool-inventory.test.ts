import assert from 'node:assert/strict';
import test from 'node:test';
import { RecorderBench } from './testing/recorder-bench.ts';

/** A journal damaged at `line`, of a recording of two merged streams whose bucket was away for the second one. */
async function startAfterDamageAt(line: number): Promise<RecorderBench> {
  const before = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 300 };
  const first = before.stream({ configuration });
  first.segment();
  await before.settle();
  before.store.error = new Error('away');
  first.end();
  await before.settle();
  const second = before.stream({ configuration });
  second.segment();
  await before.settle();
  const crashed = new RecorderBench(before);
  const [spooled] = crashed.spool.recordings.values();
  spooled!.journal[line - 1] = '\0';
  await crashed.recorder.resume();
  await crashed.settle();
  return crashed;
}

test('the end of a recording with a damaged journal is told to the last of its streams, and never as the failure of its start', async () => {
  // head, stream, chunk, announced, stream-ended, stream, chunk
  for (const line of [3, 4, 5, 7]) {
    const bench = await startAfterDamageAt(line);
    const [start, end, ...others] = bench.events;
    assert.deepEqual(
      [start?.name, start?.streamId, end?.name, end?.streamId, others],
      ['Recording Start', 'st-1', 'Recording End Failure', 'st-2', []],
      `line ${line}`,
    );
    assert.deepEqual(end?.recordingSessionStreamIds, ['st-1', 'st-2']);
    assert.deepEqual(await bench.spool.list(), []);
    assert.equal(bench.recorder.measurements().failureCount, 1);
  }
});

test('a recording whose first line never got to the disk is removed without a word', async () => {
  const bench = new RecorderBench();
  await bench.spool.create('abc');
  await bench.recorder.resume();
  assert.deepEqual(await bench.spool.list(), []);
});
