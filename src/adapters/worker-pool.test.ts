import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { type PooledWorker, type WorkerListener, WorkerPool } from './worker-pool.ts';

class FakeWorker implements PooledWorker {
  readonly name: string;
  readonly listener: WorkerListener;
  readonly exited: Promise<unknown>;
  readonly calls: string[] = [];
  readonly #exit = Promise.withResolvers<unknown>();

  constructor(name: string, listener: WorkerListener) {
    this.name = name;
    this.listener = listener;
    this.exited = this.#exit.promise;
  }

  async ends(cause: unknown = 'exit code 1'): Promise<void> {
    this.#exit.resolve(cause);
    await new Promise((resolve) => setImmediate(resolve));
  }

  close(): void {
    this.calls.push('close');
  }

  terminate(): void {
    this.calls.push('terminate');
    void this.ends('terminated');
  }

  gone(): void {
    this.calls.push('gone');
  }
}

function poolOf(count: number) {
  const clock = new FakeClock();
  const workers: FakeWorker[] = [];
  const serving: boolean[] = [];
  const errors: string[] = [];
  const pool = new WorkerPool({
    count,
    start: (name, listener) => {
      const worker = new FakeWorker(name, listener);
      workers.push(worker);
      return worker;
    },
    onServing: (isServing) => serving.push(isServing),
    clock,
    log: { ...silentLogger, error: (_fields, message) => void errors.push(message) },
  });
  return { clock, workers, serving, errors, pool };
}

test('a pool starts as many workers as it is told, once, and says when the first of them serves', () => {
  const { workers, serving, pool } = poolOf(2);
  pool.start();
  pool.start();
  assert.deepEqual(
    workers.map(({ name }) => name),
    ['worker-1', 'worker-2'],
  );
  assert.deepEqual(serving, []);
  for (const { listener } of workers) listener.ready();
  assert.deepEqual(serving, [true]);
});

test('a worker that ends is replaced at once, and later and later where it ends soon', async () => {
  const { clock, workers, serving, pool } = poolOf(1);
  pool.start();
  workers[0]?.listener.ready();
  for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 1_000) {
    clock.advance(1_000);
    workers[0]?.listener.alive();
  }
  await workers[0]?.ends();
  assert.deepEqual(workers[0]?.calls, ['gone']);
  assert.deepEqual(serving, [true, false]);
  clock.advance(0);
  assert.equal(workers.length, 2);
  for (const pauseMs of [500, 1_000, 2_000, 4_000]) {
    const { length } = workers;
    await workers.at(-1)?.ends();
    clock.advance(pauseMs - 1);
    assert.equal(workers.length, length);
    clock.advance(1);
    assert.equal(workers.length, length + 1);
  }
});

test('a worker that says nothing for ten seconds hangs, and is ended', async () => {
  const { clock, workers, errors, pool } = poolOf(2);
  pool.start();
  const [silent, alive] = workers;
  for (let elapsedMs = 0; elapsedMs < 12_000; elapsedMs += 1_000) {
    clock.advance(1_000);
    alive?.listener.alive();
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(silent?.calls, ['terminate', 'gone']);
  assert.deepEqual(alive?.calls, []);
  assert.equal(errors[0], 'a worker hangs, and is ended');
});

test('no worker hangs because the process stood still', async () => {
  const { clock, workers, pool } = poolOf(1);
  pool.start();
  clock.stall(60_000);
  workers[0]?.listener.alive();
  clock.advance(9_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(workers[0]?.calls, []);
});

test('a worker that speaks nonsense is ended', async () => {
  const { workers, pool } = poolOf(1);
  pool.start();
  workers[0]?.listener.broken(new Error('no such slab'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(workers[0]?.calls, ['terminate', 'gone']);
});

test('a pool that closes has its workers end in order, ends those that do not, and replaces none', async () => {
  const { clock, workers, pool } = poolOf(3);
  pool.start();
  const [orderly, slow, starting] = workers;
  for (const worker of [orderly, slow]) worker?.listener.ready();
  const closed = pool.close();
  assert.deepEqual(starting?.calls, ['terminate']);
  await orderly?.ends('exit code 0');
  assert.deepEqual(orderly?.calls, ['close', 'gone']);
  assert.deepEqual(slow?.calls, ['close']);
  clock.advance(6_000);
  await closed;
  assert.deepEqual(slow?.calls, ['close', 'terminate', 'gone']);
  clock.advance(60_000);
  assert.equal(workers.length, 3);
});
