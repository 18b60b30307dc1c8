import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const MAIN = 'src/main.ts';

/** Programs for threads and processes of their own, which the main one starts by file name. */
const WORKER = /-worker\.ts$/;

/** A server may still be running from an older one, and start its workers late. */
const KEPT_BUNDLES = 8;

/**
 * What CommonJS lacks of `import.meta`. It is CommonJS because the views of Node.js' own modules as ES modules read their every
 * export: a third of a start more.
 */
const IMPORT_META = {
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.resolve': 'resolveFromBundle' },
  banner: {
    js: `const bundleUrl = require('node:url').pathToFileURL(__filename).href;
const resolveFromBundle = (name) => require('node:url').pathToFileURL(require.resolve(name)).href;`,
  },
};

/**
 * The program that `npm start` runs: the sources and the packages that every start needs as one file in `dist`, made where there is
 * none of these sources. 600 files take three times as long to load. The sources themselves where none can be made: without
 * esbuild, or where nothing can be written.
 *
 * @param root the checkout
 */
export async function bundledProgram(root) {
  const bundles = path.join(root, 'dist');
  const sources = sourcesBelow(path.join(root, 'src'));
  const bundle = path.join(bundles, fingerprint(root, sources));
  const program = path.join(bundle, 'main.cjs');
  if (existsSync(program)) return program;

  const isWorker = (file) => WORKER.test(file);
  const made = path.join(bundles, `.making-${randomUUID()}`);
  try {
    const esbuild = await import('esbuild');
    mkdirSync(made, { recursive: true });
    try {
      await esbuild.build(options(root, made, sources.filter(isWorker)));
    } finally {
      // A process of its own, which would stay for as long as we do.
      await esbuild.stop();
    }
    keepInOneByteACharacter(made);
    renameSync(made, bundle);
    forgetOldBundles(bundles);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    // Who started at the same moment may have been first.
    if (!existsSync(program)) {
      if (!isExpected(error)) {
        process.stderr.write(
          `ivory: starting from the sources, without a bundle: ${error.message}\n`,
        );
      }
      return path.join(root, MAIN);
    }
  }
  return program;
}

function options(root, folder, workers) {
  return {
    absWorkingDir: root,
    entryPoints: [path.join(root, MAIN), ...workers],
    entryNames: '[name]',
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // For debuggers, and for NODE_OPTIONS=--enable-source-maps, which takes longer than all the rest of a start.
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [LAZY_PACKAGES],
    ...IMPORT_META,
  };
}

const COMMENT_LINE = /^[ \t]*(?:\/?\*|\/\/).*$/gm;

/**
 * V8 keeps a source in two bytes a character if one of them is beyond Latin-1, 1.8 MB more of an idle server. esbuild escapes those of
 * the code; what is left is quotation marks in comments.
 */
function keepInOneByteACharacter(folder) {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cjs'))) {
    const file = path.join(folder, name);
    const code = readFileSync(file, 'utf8');
    const plain = code.replace(COMMENT_LINE, (line) => line.replace(/[\u0080-\uffff]/g, '?'));
    writeFileSync(file, plain);
  }
}

/** What a program loads when it needs it, stays where it is. */
const LAZY_PACKAGES = {
  name: 'lazy-packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
      kind === 'dynamic-import' ? { path: name, external: true } : undefined,
    );
  },
};

function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(file);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [file] : [];
  });
}

/** Of all that a bundle is made from. */
function fingerprint(root, sources) {
  const hash = createHash('sha256');
  const others = ['package-lock.json', 'launch/bundle.mjs'].map((file) => path.join(root, file));
  for (const file of [...sources.sort(), ...others]) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

function forgetOldBundles(folder) {
  const madeAtMs = (name) => statSync(path.join(folder, name)).mtimeMs;
  const newestFirst = readdirSync(folder).sort((a, b) => madeAtMs(b) - madeAtMs(a));
  for (const name of newestFirst.slice(KEPT_BUNDLES)) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

const isExpected = ({ code }) =>
  ['ERR_MODULE_NOT_FOUND', 'EACCES', 'EPERM', 'EROFS'].includes(code);
