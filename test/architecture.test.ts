import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parseSource, ROOT, readSources, type SourceFile } from './support/source-tree.ts';

/**
 * Who may import whom: the table of docs/design.md. An entry is a room, a folder of one, a file, or `*` for
 * any; `type ` before it allows only imports that are gone at run time.
 */
const ROOMS = readRooms(readFileSync(path.join(ROOT, 'docs/design.md'), 'utf8'));

/** What a room may import from outside; everything where it is not listed. */
const OUTSIDE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  // Hashing is part of two wire formats: RTMP's digest handshake and SigV4.
  protocols: ['node:crypto'],
  domain: [],
  sockets: ['node:net', 'node:tls'],
  media: [],
  ingest: [],
  transcode: [],
  packaging: [],
  delivery: ['node:crypto', 'node:util', 'node:zlib', 'jose'],
  recording: [],
  events: [],
  metrics: [],
  cloudwatch: ['valibot'],
  control: ['node:crypto', 'valibot'],
  live: [],
  workers: [],
  'config-values.ts': [],
  'settings.ts': [],
  'config.ts': [],
  'banner.ts': [],
};

/** The one socket server outside `adapters`: RTMP's deadlines and limits belong with its conversation. */
const FILE_EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'src/ingest/rtmp-server.ts': ['node:net', 'node:tls'],
};

/** The rooms that stand between the program and the machine. */
const OUTSIDE = /^src\/(adapters\/|wiring\/|app\.ts$|main\.ts$)/;

/** Code that reaches past what a file was handed, and what to take instead. */
const BANNED = [
  {
    code: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    instead: 'take a Clock',
    unless: OUTSIDE,
  },
  { code: /\bset(Timeout|Interval|Immediate)\b/, instead: 'take a Clock', unless: OUTSIDE },
  {
    code: /\bMath\.random\b|\bcrypto\.(random|getRandom)/,
    instead: 'take RandomBytes',
    unless: OUTSIDE,
  },
  {
    code: /\bprocess\.|\bglobalThis\./,
    instead: 'take what you need as a parameter',
    unless: OUTSIDE,
  },
  {
    code: /\bnew DataView\b/,
    instead: 'use ByteReader or ByteWriter: a DataView over a Buffer needs its byteOffset',
    unless: /^src\/lib\/byte-/,
  },
  {
    code: /^(?:export )?(?:let|var) /m,
    instead: 'give the state an owner: no module-level mutable state',
    unless: /^$/,
  },
  {
    code: /^(?:export )?const \w+[^=\n]*= new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)/m,
    instead: 'give the state an owner: no module-level mutable state',
    unless: /^$/,
  },
  { code: /^export \* /m, instead: 'import from the file that has it: no barrels', unless: /^$/ },
];

/** What tests share is in a `testing` folder, or named a suite or fixtures. */
const isTest = (file: string) => /\.test\.ts$|-(suite|fixtures)[\w-]*\.ts$|\/testing\//.test(file);
const production = readSources('src/**/*.ts').filter((source) => !isTest(source.path));

test('every import of src follows the table of rooms', () => {
  assert.deepEqual(production.flatMap(forbiddenImports), []);
});

test('every file of src uses only what it was handed', () => {
  assert.deepEqual(production.flatMap(bannedCode), []);
});

test('production code of src imports nothing that is for tests', () => {
  const crossings = production.flatMap(({ path: file, imports }) =>
    imports
      .filter(({ target }) => target !== undefined && isTest(target))
      .map(({ specifier }) => `${file} imports ${specifier}`),
  );
  assert.deepEqual(crossings, []);
});

test('src has no import cycle, not even of types', () => {
  assert.deepEqual(findCycles(production), []);
});

test('src has no barrel', () => {
  const barrels = production.filter(({ path }) => path.endsWith('/index.ts'));
  assert.deepEqual(
    barrels.map(({ path }) => path),
    [],
  );
});

test('console is a client of the public API: it imports nothing of src, and src nothing of it', () => {
  const crossings = [...readSources('console/**/*.{ts,tsx,js}'), ...production]
    .filter((source) => !isTest(source.path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target !== undefined && topFolder(target) !== topFolder(path))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
  assert.deepEqual(crossings, []);
});

test('the rules of this file catch what they are for', () => {
  const bad = (path: string, text: string) => {
    const source = parseSource(path, text);
    return [...forbiddenImports(source), ...bannedCode(source)].length;
  };
  assert.equal(bad('src/lib/a.ts', "import { b } from '../domain/b.ts';\n"), 1);
  assert.equal(bad('src/live/a.ts', "import { b } from '../control/ports.ts';\n"), 1);
  assert.equal(bad('src/live/a.ts', "import type { B } from '../control/ports.ts';\n"), 0);
  assert.equal(bad('src/live/a.ts', "import { type B } from '../control/ports.ts';\n"), 0);
  assert.equal(bad('src/live/a.ts', "import { b, type B } from '../control/ports.ts';\n"), 1);
  assert.equal(bad('src/control/a.ts', "import {\n  b,\n} from '../protocols/hls/b.ts';\n"), 1);
  assert.equal(bad('src/control/a.ts', "import { b } from '../protocols/aws/b.ts';\n"), 0);
  assert.equal(bad('src/adapters/a.ts', "import type { B } from '../live/ports.ts';\n"), 0);
  assert.equal(bad('src/adapters/a.ts', "import { b } from '../live/live-registry.ts';\n"), 1);
  assert.equal(bad('src/live/a.ts', "const b = await import('../adapters/b.ts');\n"), 1);
  assert.equal(bad('src/kitchen/a.ts', ''), 1);
  assert.equal(bad('src/domain/a.ts', "import 'node:fs';\n"), 1);
  assert.equal(bad('src/domain/a.ts', '// Date.now() is banned\n/** Math.random() too */\n'), 0);
  assert.equal(bad('src/domain/a.ts', "const url = 'http://a'; Date.now();\n"), 1);
  assert.equal(bad('src/adapters/a.ts', 'Date.now();\n'), 0);
  assert.equal(bad('src/adapters/a.ts', 'const seen = new Map<string, number>();\n'), 1);
  const a = parseSource('src/lib/a.ts', "import { b } from './b.ts';\n");
  const b = parseSource('src/lib/b.ts', "import type { A } from './a.ts';\n");
  assert.deepEqual(findCycles([a, b]), ['src/lib/a.ts -> src/lib/b.ts -> src/lib/a.ts']);
});

function forbiddenImports({ path: file, imports }: SourceFile): readonly string[] {
  const room = roomOf(file);
  const mayImport = ROOMS.get(room);
  if (mayImport === undefined) return [`${file}: '${room}' is not a room of docs/design.md`];
  return imports.flatMap(({ specifier, target, isTypeOnly }) => {
    const isAllowed =
      target === undefined
        ? FILE_EXCEPTIONS[file]?.includes(specifier) === true ||
          (OUTSIDE_IMPORTS[room]?.includes(specifier) ?? true)
        : roomOf(target) === room || mayImport.some((entry) => covers(entry, target, isTypeOnly));
    if (isAllowed) return [];
    const what = target === undefined ? OUTSIDE_IMPORTS[room] : mayImport;
    return [`${file} imports ${target ?? specifier}: '${room}' may import ${list(what)}`];
  });
}

function covers(entry: string, target: string, isTypeOnly: boolean): boolean {
  if (entry.startsWith('type '))
    return isTypeOnly && covers(entry.slice('type '.length), target, true);
  if (entry === '*') return true;
  return target === `src/${entry}` || target.startsWith(`src/${entry}/`);
}

function bannedCode({ path, code, imports }: SourceFile): readonly string[] {
  const randomness = imports.some(
    ({ specifier, clause }) => specifier === 'node:crypto' && /\brandom/.test(clause),
  );
  return [
    ...BANNED.filter(({ code: pattern, unless }) => !unless.test(path) && pattern.test(code)).map(
      ({ code: pattern, instead }) => `${path} has '${pattern.exec(code)?.[0].trim()}': ${instead}`,
    ),
    ...(randomness && !OUTSIDE.test(path) ? [`${path} imports randomness: take RandomBytes`] : []),
  ];
}

/** One cycle for each import that closes one, as `a -> b -> a`. */
function findCycles(sources: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    if (finished.has(path)) return;
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined) visit(target, [...trail, path]);
    }
    finished.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}

/** `src/lib/clock.ts` is in `lib`; a file directly below `src` is a room of its own. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function topFolder(path: string): string {
  return path.split('/')[0] ?? '';
}

function list(names: readonly string[] = []): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}

/** The rows of the table: `src/<room>` in the first column, what it may import in the third. */
function readRooms(design: string): ReadonlyMap<string, readonly string[]> {
  const rows = [...design.matchAll(/^\| `src\/([\w.-]+)` \|.*\| (.+) \|$/gm)];
  return new Map(
    rows.map(([, room = '', imports = '']) => [
      room,
      imports === 'everything'
        ? ['*']
        : [...imports.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    ]),
  );
}
