import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestTurns } from './request-turns.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** So many requests come at once: how many are answered at once, and how many more after each turn. */
async function answeredByTurn(turns: RequestTurns, count: number, turnCount: number) {
  let answered = 0;
  for (let n = 0; n < count; n++) {
    if (turns.take()) answered++;
    else turns.wait({ proceed: () => void answered++ });
  }
  const answeredSoFar = [answered];
  for (let n = 0; n < turnCount; n++) {
    await turn();
    answeredSoFar.push(answered);
  }
  return answeredSoFar;
}

test('sixteen requests are answered in a turn, the others in those that follow', async () => {
  assert.deepEqual(await answeredByTurn(new RequestTurns(), 40, 2), [16, 32, 40]);
});

test('while connections come, each has to wait for two requests only', async () => {
  const turns = new RequestTurns();
  turns.accepted();
  assert.deepEqual(await answeredByTurn(turns, 40, 2), [2, 4, 20]);
});

test('of connections that keep coming, a hundred a second are waited for', async () => {
  let nowMs = 0;
  const turns = new RequestTurns(() => nowMs);
  for (let n = 0; n < 5_000; n++) turns.accepted();
  turns.take();
  await turn();
  turns.take();
  await turn();
  turns.accepted();
  assert.deepEqual(await answeredByTurn(turns, 40, 2), [16, 32, 40]);
  await turn();
  nowMs += 10;
  turns.accepted();
  assert.deepEqual(await answeredByTurn(turns, 40, 2), [2, 4, 20]);
});

test('who comes while others wait is behind them', async () => {
  const turns = new RequestTurns();
  const order: string[] = [];
  for (let n = 0; n < 20; n++) {
    if (!turns.take()) turns.wait({ proceed: () => order.push(`first ${n}`) });
  }
  await turn();
  assert.equal(turns.take(), true);
  assert.deepEqual(order, ['first 16', 'first 17', 'first 18', 'first 19']);
});
