import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './setup-error.mjs';

/** Runs `npm ci` where what is installed is not what the lockfile says. */
export function installPackages(root, { needsDevelopmentPackages }) {
  const locked = readLockfile(path.join(root, 'package-lock.json'));
  if (locked === undefined) throw new SetupError(`cannot read package-lock.json in ${root}`);
  // npm writes this one at the end of an install, so an interrupted install is not mistaken for a finished one.
  const installed = readLockfile(path.join(root, 'node_modules/.package-lock.json'));
  if (isInstalled(locked, installed, needsDevelopmentPackages)) return;

  process.stderr.write('ivory: installing packages (npm ci)\n');
  // --ignore-scripts: npm 12 blocks install scripts and older ones run them; nothing here needs one.
  // --include=dev: otherwise npm leaves them out under NODE_ENV=production.
  // --loglevel=error: packages that ask for a newer Node.js than npm's own get the one they ask for.
  const args = 'ci --ignore-scripts --include=dev --no-audit --no-fund --loglevel=error'.split(' ');
  // stdout is the command's own: its reader must not find npm's words there.
  const { status, error } = runNpm(args, {
    cwd: root,
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  if (error !== undefined) throw new SetupError(`cannot run npm: ${error.message}`);
  if (status !== 0)
    throw new SetupError(`npm ci failed with exit code ${status}; its reason is above`);
}

function runNpm(args, options) {
  // Set when npm started us. On Windows npm is a .cmd file, which can't be spawned without a shell.
  const npmCli = process.env.npm_execpath;
  if (npmCli !== undefined && /\.[cm]?js$/.test(npmCli)) {
    return spawnSync(process.execPath, [npmCli, ...args], options);
  }
  return spawnSync('npm', args, options);
}

function isInstalled(locked, installed, needsDevelopmentPackages) {
  if (installed === undefined) return false;
  return Object.entries(locked).every(([location, entry]) => {
    // '' is the project itself. An optional package is absent where it is for another machine.
    if (location === '' || entry.optional) return true;
    if (entry.dev && !needsDevelopmentPackages) return true;
    const found = installed[location];
    return found?.version === entry.version && found?.integrity === entry.integrity;
  });
}

function readLockfile(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
