import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { SessionGone } from '../domain/session-gone.ts';
import { HistoryWriter } from './history-writer.ts';

/** A disk that is full until a test says otherwise. */
function setUp() {
  const clock = new FakeClock();
  const writer = new HistoryWriter(clock);
  const disk = { isFull: false, written: [] as string[] };
  const write = (what: string) => async () => {
    if (disk.isFull) throw new Error('disk full');
    disk.written.push(what);
  };
  const advance = async (ms: number) => {
    clock.advance(ms);
    await setImmediate();
  };
  return { writer, disk, write, advance };
}

describe('HistoryWriter', () => {
  test('keeps the order over failures, and tells of the first', async () => {
    const { writer, disk, write, advance } = setUp();
    await writer.write('a', write('1'));
    disk.isFull = true;
    await assert.rejects(writer.write('a', write('2')), /disk full/);
    await assert.rejects(writer.write('a', write('3')), /disk full/);
    await advance(15_000);
    assert.deepEqual(disk.written, ['1']);
    disk.isFull = false;
    await writer.write('b', write('another channel'));
    await advance(5000);
    assert.deepEqual(disk.written, ['1', 'another channel', '2', '3']);
    await advance(60_000);
    assert.equal(disk.written.length, 4);
  });

  test('writeOnce() comes after what waits, and is not tried again', async () => {
    const { writer, disk, write, advance } = setUp();
    disk.isFull = true;
    await assert.rejects(writer.writeOnce('a', write('never')), /disk full/);
    await assert.rejects(writer.write('a', write('1')), /disk full/);
    await assert.rejects(writer.writeOnce('a', write('never')), /disk full/);
    await advance(5000);
    disk.isFull = false;
    await writer.writeOnce('a', write('2'));
    assert.deepEqual(disk.written, ['1', '2']);
    await advance(60_000);
    assert.equal(disk.written.length, 2);
  });

  test('gives up what belongs to a session that is gone', async () => {
    const { writer, disk, write } = setUp();
    const gone = () => Promise.reject(new SessionGone('no session'));
    await assert.rejects(writer.write('a', gone), SessionGone);
    await writer.write('a', write('1'));
    assert.deepEqual(disk.written, ['1']);
  });

  test('keeps so much and no more, and every end', async () => {
    const { writer, disk, write, advance } = setUp();
    disk.isFull = true;
    const attempts = Array.from({ length: 1100 }, (_, n) => writer.write('a', write(`${n}`)));
    attempts.push(writer.write('a', write('end'), true));
    const outcomes = await Promise.allSettled(attempts);
    assert.ok(outcomes.every(({ status }) => status === 'rejected'));
    disk.isFull = false;
    await advance(5000);
    assert.equal(disk.written.length, 1001);
    assert.deepEqual(disk.written.slice(-2), ['999', 'end']);
  });
});
