import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemorySessionLog } from '../../test/support/memory-session-log.ts';
import { silentLogger } from '../lib/logger.ts';
import { AccountLimits } from './account-limits.ts';

const TENANT = { accountId: '123456789012', region: 'us-west-2' };
const LIMIT = { limitName: 'Concurrent Viewers', limitUnit: 'viewers', limitValue: 10 } as const;

test('isExceeded() states an event when a limit begins to be breached, not for each who is refused', () => {
  const clock = new FakeClock();
  const sessionLog = new MemorySessionLog();
  const limits = new AccountLimits({ sessionLog, clock, log: silentLogger });
  const told = () => sessionLog.accountEvents.splice(0).length;
  assert.equal(limits.isExceeded(TENANT, LIMIT, 10), false);
  assert.equal(told(), 0);
  const timeMs = clock.nowMs();
  for (let viewer = 0; viewer < 100; viewer++) {
    assert.equal(limits.isExceeded(TENANT, LIMIT, 12), true);
    clock.advance(10_000);
  }
  assert.deepEqual(sessionLog.accountEvents, [
    {
      ...{ name: 'Concurrent Viewers', timeMs, limitValue: 10, exceededBy: 2 },
      limitUnit: 'viewers',
    },
  ]);
  assert.equal(told(), 1);
  for (let swing = 0; swing < 59; swing++) {
    assert.equal(limits.isExceeded(TENANT, LIMIT, 10), false);
    limits.isExceeded(TENANT, LIMIT, 11);
    clock.advance(1000);
  }
  assert.equal(told(), 1, 'once a minute where it swings');
  limits.isExceeded(TENANT, LIMIT, 10);
  clock.advance(1000);
  limits.isExceeded(TENANT, LIMIT, 11);
  assert.equal(told(), 1);
  limits.isExceeded(TENANT, LIMIT, 10);
  limits.isExceeded(TENANT, LIMIT, 11);
  clock.advance(59_000);
  limits.isExceeded(TENANT, LIMIT, 11);
  assert.equal(told(), 0, 'not yet');
  clock.advance(1000);
  limits.isExceeded(TENANT, LIMIT, 11);
  limits.isExceeded(TENANT, LIMIT, 11);
  assert.equal(told(), 1, 'a breach that lasts is told of');
  limits.isExceeded(TENANT, LIMIT, 10);
  limits.forget();
  limits.isExceeded(TENANT, LIMIT, 11);
  assert.equal(told(), 1, 'after a reset');
  limits.isExceeded({ ...TENANT, region: 'eu-west-1' }, LIMIT, 11);
  const broadcasts = { limitName: 'Concurrent Broadcasts', limitUnit: 'active streams' } as const;
  limits.isExceeded(TENANT, { ...broadcasts, limitValue: 1 }, 2);
  assert.equal(told(), 2, 'each account, region and limit has its own');
});
