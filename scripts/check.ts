// `npm run check`: everything that can be said about the sources without running them, cheapest first.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** Each is a script for this Node.js, so that none depends on the shell or on what is on the PATH. */
const CHECKS = [
  { name: 'types', run: ['typescript/bin/tsc', '-p', '.'] },
  { name: 'lint', run: ['oxlint/bin/oxlint'] },
  { name: 'format', run: ['@biomejs/biome/bin/biome', 'ci', '--colors=off'] },
  { name: 'dead code', run: ['knip/bin/knip.js', '--no-progress'] },
] as const;

/** Runs all the checks, prints what each found, and says whether all of them found nothing. */
export async function runChecks(): Promise<boolean> {
  let isClean = true;
  for (const { name, run } of CHECKS) {
    const startedAtMs = performance.now();
    const [script, ...args] = run;
    const child = spawn(process.execPath, [path.join(root, 'node_modules', script), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [exitCode] = await once(child, 'exit');
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    console.log(`${exitCode === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
    if (exitCode !== 0) isClean = false;
  }
  return isClean;
}

if (import.meta.main) process.exitCode = (await runChecks()) ? 0 : 1;
