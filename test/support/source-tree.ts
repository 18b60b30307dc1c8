import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

export interface Import {
  /** As written: `node:net`, `pino` or `../lib/clock.ts`. */
  readonly specifier: string;
  /** Path from the root of the repository, where the specifier is relative. */
  readonly target?: string;
  /** What stands between `import` and `from`. */
  readonly clause: string;
  /** Whether it is gone when the program runs. */
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text without its comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** The TypeScript files that a glob from the repository's root names, in order. */
export function readSources(glob: string): readonly SourceFile[] {
  return globSync(glob, { cwd: ROOT })
    .map((file) => file.split(path.sep).join('/'))
    .toSorted()
    .map((file) => parseSource(file, readFileSync(path.join(ROOT, file), 'utf8')));
}

/** Reads imports with regular expressions: the formatter, which runs first, gives them one shape. */
export function parseSource(file: string, text: string): SourceFile {
  const code = text
    .replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replaceAll(/(?<![:'"`\\])\/\/.*$/gm, '');
  const imports: Import[] = [];
  const add = (specifier: string, clause: string, isTypeOnly: boolean) => {
    const target = specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), specifier)
      : undefined;
    imports.push({ specifier, clause, isTypeOnly, ...(target !== undefined && { target }) });
  };
  const statements = /^(?:import|export)\s+(type\s)?([^'";=]*?)\bfrom\s+'([^']+)'/gm;
  for (const [, type, clause = '', specifier = ''] of code.matchAll(statements)) {
    add(specifier, clause, type !== undefined || hasOnlyTypes(clause));
  }
  for (const [, specifier = ''] of code.matchAll(/^import\s+'([^']+)'/gm))
    add(specifier, '', false);
  for (const [, specifier = ''] of code.matchAll(/\bimport\(\s*'([^']+)'/g))
    add(specifier, '', false);
  return { path: file, text, code, imports };
}

function hasOnlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}\s*$/.exec(clause)?.[1]?.split(',') ?? [''];
  return names
    .map((name) => name.trim())
    .filter((name, index) => name !== '' || index === 0)
    .every((name) => name.startsWith('type '));
}
