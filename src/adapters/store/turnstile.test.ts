import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turnstile } from './turnstile.ts';

test('Turnstile lets one through at a time, in the order of the calls', async () => {
  const turnstile = new Turnstile();
  const log: string[] = [];
  const visit = (name: string, turns: number) =>
    turnstile.run(async () => {
      log.push(`${name} in`);
      for (let turn = 0; turn < turns; turn += 1) await null;
      log.push(`${name} out`);
    });

  await Promise.all([visit('a', 5), visit('b', 0), visit('c', 2)]);

  assert.deepEqual(log, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
});

test('Turnstile gives the turn to who waits, not to who comes just then', async () => {
  const turnstile = new Turnstile();
  const log: string[] = [];
  await turnstile.enter();
  const waiting = turnstile.run(async () => log.push('waited'));
  turnstile.leave();
  const late = turnstile.run(async () => log.push('late'));
  await Promise.all([waiting, late]);
  assert.deepEqual(log, ['waited', 'late']);
});

test('Turnstile goes on after work that throws', async () => {
  const turnstile = new Turnstile();
  await assert.rejects(turnstile.run(() => Promise.reject(new Error('no'))));
  assert.equal(await turnstile.run(async () => 'yes'), 'yes');
});

test('Turnstile turns callers away when 10,000 wait', async () => {
  const turnstile = new Turnstile();
  await turnstile.enter();
  const waiting = Array.from({ length: 10_000 }, () => turnstile.run(async () => {}));
  await assert.rejects(turnstile.enter(), { name: 'ServiceUnavailable' });
  turnstile.leave();
  await Promise.all(waiting);
  await turnstile.enter();
});
