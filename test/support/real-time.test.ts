import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { MachineLoad } from './machine-load.ts';
import { inRealTime } from './real-time.ts';

/** Has `share` of each second that goes by waited for. */
const watchShare = (share: number) => new MachineLoad(() => (performance.now() / 1000) * share);

const PRESSURE = '/proc/pressure/cpu';

/** What it says is of no attempt of this report. */
const unheard = { diagnostic: () => undefined } as unknown as TestContext;

/** `some` is the share of the processors in use: with three threads for each of them, two of three wait. */
const isSaid = existsSync(PRESSURE);

test('a machine has too much to do when more threads want to run than it has processors for', {
  skip: !isSaid && `no ${PRESSURE}`,
}, async (t) => {
  using load = new MachineLoad();
  const threads = Array.from(
    { length: 3 * availableParallelism() },
    () => new Worker('for (;;);', { eval: true }),
  );
  await delay(3000);
  await Promise.all(threads.map((thread) => thread.terminate()));
  t.diagnostic(`${load}`);
  assert.equal(load.wasTooMuch, true);
});

test('what fails while programs do not get a processor is tried again, three times at most', async () => {
  const ends: (() => void)[] = [() => assert.fail('late'), () => undefined];
  let attempts = 0;
  const body = async () => {
    await delay(2600);
    ends[attempts++]!();
  };
  await inRealTime(body, () => watchShare(0.9))(unheard);
  assert.equal(attempts, 2);
  attempts = 0;
  ends[1] = ends[2] = ends[0]!;
  await assert.rejects(inRealTime(body, () => watchShare(0.9))(unheard), { message: 'late' });
  assert.equal(attempts, 3);
});

test('what fails on a machine with time to spare fails', async () => {
  let attempts = 0;
  const body = async () => {
    attempts++;
    await delay(2600);
    assert.fail('late');
  };
  await assert.rejects(inRealTime(body, () => watchShare(0.4))(unheard), { message: 'late' });
  assert.equal(attempts, 1);
});
