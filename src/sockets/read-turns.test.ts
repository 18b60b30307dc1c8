import assert from 'node:assert/strict';
import test from 'node:test';
import { ReadTurns } from './read-turns.ts';
import { READ_BUFFER_BYTES } from './shared-read-buffer.ts';

/** Turns whose rounds end when the test says so. */
function turns() {
  let endRound = () => {};
  const turns = new ReadTurns((run) => {
    endRound = run;
  });
  const log: string[] = [];
  const connection = (name: string) => ({
    rest: () => void log.push(`${name} rests`),
    proceed: () => void log.push(`${name} proceeds`),
  });
  return { turns, connection, endRound: () => endRound(), takeLog: () => log.splice(0) };
}

/** The others have brought so much that everybody's turn is a buffer. */
function hurry(
  readTurns: ReadTurns,
  connection: ReturnType<ReturnType<typeof turns>['connection']>,
) {
  for (let byteLength = 0; byteLength < 1024 * 1024; byteLength += READ_BUFFER_BYTES) {
    readTurns.received(connection, READ_BUFFER_BYTES);
  }
}

test('a connection that has brought a buffer rests until all have been read', () => {
  const { turns: readTurns, connection, endRound, takeLog } = turns();
  const [first, greedy, modest] = [connection('first'), connection('greedy'), connection('modest')];
  hurry(readTurns, first);
  readTurns.received(greedy, READ_BUFFER_BYTES);
  readTurns.received(greedy, READ_BUFFER_BYTES);
  readTurns.received(modest, 3_000);
  assert.deepEqual(takeLog(), ['first rests', 'greedy rests']);
  endRound();
  assert.deepEqual(takeLog(), ['first proceeds', 'greedy proceeds']);
});

test('what it has brought in several reads counts together', () => {
  const { turns: readTurns, connection, takeLog } = turns();
  const encrypted = connection('encrypted');
  hurry(readTurns, connection('first'));
  takeLog();
  for (let record = 0; record < 4; record++) readTurns.received(encrypted, 16 * 1024);
  assert.deepEqual(takeLog(), ['encrypted rests']);
});

test('a connection with a large keyframe is read on, while the others have little', () => {
  const { turns: readTurns, connection, takeLog } = turns();
  const large = connection('large');
  for (let i = 0; i < 15; i++) readTurns.received(large, READ_BUFFER_BYTES);
  assert.deepEqual(takeLog(), []);
});

test('each round begins anew', () => {
  const { turns: readTurns, connection, endRound, takeLog } = turns();
  const steady = connection('steady');
  for (let round = 0; round < 100; round++) {
    readTurns.received(steady, READ_BUFFER_BYTES);
    endRound();
  }
  assert.deepEqual(takeLog(), []);
});
