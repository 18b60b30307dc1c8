import assert from 'node:assert/strict';
import test from 'node:test';
import { READ_BUFFER_BYTES } from './borrowed-reads.ts';
import { ReadTurns } from './read-turns.ts';

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

test('a connection that has brought a buffer rests until all have been read', () => {
  const { turns: readTurns, connection, endRound, takeLog } = turns();
  const [greedy, modest] = [connection('greedy'), connection('modest')];
  readTurns.received(greedy, READ_BUFFER_BYTES);
  readTurns.received(modest, 3_000);
  assert.deepEqual(takeLog(), ['greedy rests']);
  endRound();
  assert.deepEqual(takeLog(), ['greedy proceeds']);
});

test('what it has brought in several reads counts together, and once', () => {
  const { turns: readTurns, connection, endRound, takeLog } = turns();
  const encrypted = connection('encrypted');
  for (let record = 0; record < 6; record++) readTurns.received(encrypted, 16 * 1024);
  assert.deepEqual(takeLog(), ['encrypted rests']);
  endRound();
  assert.deepEqual(takeLog(), ['encrypted proceeds']);
});

test('each round begins anew', () => {
  const { turns: readTurns, connection, endRound, takeLog } = turns();
  const steady = connection('steady');
  for (let round = 0; round < 10; round++) {
    readTurns.received(steady, READ_BUFFER_BYTES - 1);
    endRound();
  }
  assert.deepEqual(takeLog(), []);
});
