import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ConcurrencyLimit } from './concurrency-limit.ts';

test('ConcurrencyLimit begins what waits in order, as others end, however they end', async () => {
  const limit = new ConcurrencyLimit(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const results = gates.map(({ promise }, index) =>
    limit.run(() => {
      begun.push(index);
      return promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.reject(new Error('away'));
  await assert.rejects(results[1] ?? assert.fail(), /away/);
  await setImmediate();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const index of [0, 2, 3, 4]) gates[index]?.resolve(index);
  assert.deepEqual(await Promise.all([0, 2, 3, 4].map((index) => results[index])), [0, 2, 3, 4]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});
