import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { SETTINGS } from '../src/settings.ts';
import { ROOT } from './support/source-tree.ts';

test("README's configuration table has the rows of config.ts, in its order", () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(IVORY_\w+)` \| (.+?) \| (.+?) \|$/gm)].map(
    ([, name, defaultValue, meaning]) => ({
      name,
      default: defaultValue?.replaceAll('`', ''),
      meaning: meaning?.replaceAll('`', ''),
    }),
  );
  assert.deepEqual(rows, [...SETTINGS]);
});
