import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeQuotas, raiseQuotas } from './quota-changes.ts';
import { IVS_QUOTAS } from './quotas.ts';

test('changeQuotas() changes the quotas that are named, and no other', () => {
  const changed = changeQuotas(IVS_QUOTAS, ' channels = 10 , recording-configurations=0');
  assert.deepEqual(changed, { ...IVS_QUOTAS, channels: 10, recordingConfigurations: 0 });
});

test('changeQuotas() refuses what is no list of quotas', () => {
  for (const text of [
    '',
    'channels',
    'channels=',
    'channels=-1',
    'channel=1',
    'channels=1000001',
  ]) {
    assert.throws(() => changeQuotas(IVS_QUOTAS, text), SyntaxError, text);
  }
  assert.throws(
    () => changeQuotas(IVS_QUOTAS, 'channels=5,constructor=1'),
    /^SyntaxError: must be a list of <quota>=<0 to 1000000>, with channels, /,
  );
});

test('raiseQuotas() raises them all', () => {
  assert.ok(Object.values(raiseQuotas(IVS_QUOTAS)).every((quota) => quota === 1_000_000));
});
