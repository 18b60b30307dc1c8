import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { missingPlatformPackages } from '../scripts/complete-lockfile.ts';
import { ROOT } from './support/source-tree.ts';

const MAX_FILE_BYTES = 2_000_000;

/** What git has, or would add. */
const files = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(path.join(ROOT, file)));

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const isText = (file: string) => !read(file).slice(0, 8000).includes('\0');
const texts = files.filter(isText);

/** `file: match` for everything in the repository's texts that a pattern finds. */
function find(pattern: RegExp): readonly string[] {
  return texts.flatMap((file) =>
    [...read(file).matchAll(pattern)].map((match) => `${file}: ${match[0]}`),
  );
}

// Each pattern is written so that it does not find itself.
test('no file names a folder of one machine', () => {
  const homes = ['home/[a-z]', 'root/', 'work/', 'Users/[A-Za-z]'].join('|');
  assert.deepEqual(find(new RegExp(`(?<![\\w.~<>-])/(${homes})[\\w./-]*`, 'g')), []);
});

test('no file names a host of a package registry', () => {
  assert.deepEqual(find(/\b(registry\.npmjs|npm[m]irror|pypi\.org|deb\.debian)[\w.]*/g), []);
});

test('no MPEG-TS file is called .ts: compilers and formatters take it for TypeScript', () => {
  const fixtures = files.filter((file) => file.startsWith('test/fixtures/'));
  assert.deepEqual(
    fixtures.filter((file) => file.endsWith('.ts')),
    [],
  );
});

test('no file is too large to review', () => {
  const large = files.filter((file) => statSync(path.join(ROOT, file)).size > MAX_FILE_BYTES);
  assert.deepEqual(large, []);
});

test('every relative link of the documents leads to a file', () => {
  const broken = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)]
        .map(([, target = '']) => path.join(path.dirname(file), target))
        .filter((target) => !existsSync(path.join(ROOT, target)))
        .map((target) => `${file}: ${target}`),
    );
  assert.deepEqual(broken, []);
});

test('every dependency has its decision', () => {
  const manifest: Record<string, Record<string, string>> = JSON.parse(read('package.json'));
  const decisions = files
    .filter((file) => file.startsWith('docs/decisions/'))
    .map(read)
    .join('\n');
  const names = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
    Object.keys(manifest[group] ?? {}),
  );
  assert.deepEqual(
    names.filter((name) => !decisions.includes(`\`${name}\``)),
    [],
  );
});

test('package-lock.json lists the packages of every machine, or npm ci refuses it', () => {
  const missing = missingPlatformPackages(JSON.parse(read('package-lock.json')));
  assert.deepEqual(missing, [], "run 'node scripts/complete-lockfile.ts'");
});
