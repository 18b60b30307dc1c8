import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeTakeover, readPriority } from './takeover.ts';

test('readPriority() takes whole numbers from 1 to 2^31 - 1', () => {
  assert.equal(readPriority(undefined), undefined);
  assert.deepEqual(['1', '2147483647'].map(readPriority), [1, 2_147_483_647]);
  for (const text of ['', '0', '-1', '1.5', '2147483648', '1e3', 'high']) {
    assert.equal(readPriority(text), 'invalid', text);
  }
});

test('judgeTakeover() lets the higher priority win, and any over none, a hundred times', () => {
  const judge = (asked: number | 'invalid', running: number | undefined, takeovers = 0) =>
    judgeTakeover(asked, { running, takeovers });
  assert.equal(judge(1, undefined), undefined);
  assert.equal(judge(3, 2, 99), undefined);
  for (const [asked, running] of [
    [2, 2],
    [1, 2],
    ['invalid', undefined],
  ] as const) {
    assert.equal(judge(asked, running), 'StreamTakeoverInvalidPriority');
  }
  assert.equal(judge(3, 2, 100), 'StreamTakeoverLimitBreached');
});
