import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { PassLoop } from './pass-loop.ts';

function setUp() {
  const gates: PromiseWithResolvers<void>[] = [];
  let stops = 0;
  const loop = new PassLoop(
    () => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    },
    () => stops++,
  );
  const finish = async () => {
    gates.at(-1)?.resolve();
    await setImmediate();
  };
  return { loop, gates, finish, stops: () => stops };
}

test('PassLoop makes one pass at a time, and one more for all who asked meanwhile', async () => {
  const { loop, gates, finish } = setUp();
  loop.ask();
  loop.ask();
  loop.ask();
  assert.equal(gates.length, 1);
  await finish();
  assert.equal(gates.length, 2);
  await finish();
  assert.equal(gates.length, 2);
  loop.ask();
  assert.equal(gates.length, 3);
});

test('stop() lets the pass that is under way end, and says so once', async () => {
  const { loop, gates, finish, stops } = setUp();
  loop.ask();
  loop.ask();
  loop.stop();
  loop.stop();
  assert.equal(stops(), 0);
  await finish();
  assert.deepEqual([gates.length, stops()], [1, 1]);
  loop.ask();
  await setImmediate();
  assert.deepEqual([gates.length, stops()], [1, 1]);
});

test('stop() says so at once where nothing is under way', () => {
  const { loop, stops } = setUp();
  loop.stop();
  assert.equal(stops(), 1);
});
