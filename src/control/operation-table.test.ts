import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { OPERATIONS } from './operation-table.ts';

const kebab = (name: string) => name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

test('OPERATIONS has every file of the folder, named as its operation', () => {
  const files = readdirSync(new URL('operations/', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .sort();
  assert.deepEqual(OPERATIONS.map(({ name }) => `${kebab(name)}.ts`).sort(), files);
});

test('OPERATIONS are POST to their own name, except the tag operations', () => {
  for (const { name, method, uri } of OPERATIONS) {
    if (uri !== '/tags/{resourceArn}') assert.deepEqual([method, uri], ['POST', `/${name}`]);
  }
});
