import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { OPERATIONS } from '../src/control/operation-table.ts';
import { IVS_CALLS_PER_SECOND } from '../src/domain/call-rate-quotas.ts';
import { changeQuotas } from '../src/domain/quota-changes.ts';
import { IVS_QUOTAS } from '../src/domain/quotas.ts';
import { ROOT } from './support/source-tree.ts';

const page = readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8');
const names = OPERATIONS.map(({ name }) => name).sort();

test('docs/api.md has a row for every operation, and for no other', () => {
  const rows = [...page.matchAll(/^\| ([A-Z]\w+) \| .+ \|$/gm)].map(([, name]) => name);
  assert.deepEqual(rows.sort(), names);
  assert.match(page, new RegExp(`^All ${names.length} operations of `, 'm'));
});

test('docs/api.md has every quota that can be changed, with the value of IVS', () => {
  const [, list = ''] = /with `IVORY_QUOTAS`: ([^.]+)\./.exec(page) ?? [];
  const quotas = [...list.matchAll(/`([a-z-]+)` \((\d+)\)/g)];
  const setting = quotas.map(([, name, value]) => `${name}=${value}`).join();
  assert.deepEqual(changeQuotas(IVS_QUOTAS, setting), IVS_QUOTAS);
  assert.equal(quotas.length, Object.keys(IVS_QUOTAS).length);
});

test('every operation has a call rate of IVS, but for the two of which the rate always holds', () => {
  const always = ['InsertAdBreak', 'PutMetadata'];
  assert.deepEqual([...Object.keys(IVS_CALLS_PER_SECOND), ...always].sort(), names);
});
