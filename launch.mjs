// The first minute: what `npm start`, `npm test`, `npm run demo`, ... go through. Makes the checkout runnable, then
// hands over to the Node.js that the lockfile names. Plain JavaScript for Node.js 18 and newer, without dependencies:
// it runs before anything is installed, on whatever Node.js the machine has.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledProgram } from './launch/bundle.mjs';
import { installPackages } from './launch/packages.mjs';
import { installPrograms } from './launch/programs.mjs';
import { findRuntime, RUNTIME_OPTIONS } from './launch/runtime.mjs';
import { SetupError } from './launch/setup-error.mjs';

/**
 * `run`: what the runtime is given; absent: the server. `needsDevelopmentPackages`: whether the packages below
 * `devDependencies` are used. `programs`: programs from outside npm that must be there.
 */
const COMMANDS = {
  start: { needsDevelopmentPackages: false, programs: [] },
  demo: { run: ['scripts/demo.ts'], needsDevelopmentPackages: true, programs: ['ffmpeg'] },
  test: {
    run: ['scripts/test.ts'],
    needsDevelopmentPackages: true,
    programs: ['ffmpeg', 'chromium', 'boto3', 'aws'],
  },
  bench: { run: ['bench/run.mjs'], needsDevelopmentPackages: true, programs: ['ffmpeg'] },
  check: { run: ['scripts/check.ts'], needsDevelopmentPackages: true, programs: [] },
  format: {
    run: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write'],
    needsDevelopmentPackages: true,
    programs: [],
  },
  'verify-recording': {
    run: ['scripts/verify-recording.ts'],
    needsDevelopmentPackages: false,
    programs: ['ffmpeg'],
  },
};

const PASSED_ON_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A terminal sends Ctrl-C to us and to npm 11, which hands us the same one again: so close together they are one. */
const SAME_SIGNAL_MS = 500;

/** Runs the command in the runtime, in the foreground, and ends as it ends. */
function handOver(runtime, args, root) {
  // Windows has no signals to pass on: a console's Ctrl-C reaches the child by itself.
  const hasSignals = process.platform !== 'win32';
  const child = spawn(runtime, [...RUNTIME_OPTIONS, ...args], {
    cwd: root,
    // By the channel, which nothing is sent through, the server learns of our end, however it came.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A process group of its own, so that a terminal's Ctrl-C arrives once, by way of us: a second one means "at once".
    detached: hasSignals,
    env: {
      // Compiled code is kept between starts, of the bundle and of the sources that tests and scripts run.
      NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/node-compile'),
      // glibc otherwise takes the memory of streams from a heap that it gives back from its end only, which is nearly never
      // free when streams have ended.
      MALLOC_MMAP_THRESHOLD_: '262144',
      ...process.env,
    },
  });
  let passedOnAt = Number.NEGATIVE_INFINITY;
  const passOn = (signal) => {
    const now = performance.now();
    if (now - passedOnAt > SAME_SIGNAL_MS) child.kill(signal);
    passedOnAt = now;
  };
  if (hasSignals) for (const signal of PASSED_ON_SIGNALS) process.on(signal, passOn);
  child.on('error', (error) => fail(`cannot start ${runtime}: ${error.message}`));
  child.on('exit', (code, signal) => {
    for (const name of PASSED_ON_SIGNALS) process.off(name, passOn);
    if (signal === null) {
      process.exitCode = code ?? 1;
    } else {
      // Should the signal not end this process, the shell's convention for it still does.
      process.exitCode = 128 + (constants.signals[signal] ?? 0);
      process.kill(process.pid, signal);
    }
  });
}

function fail(message) {
  process.stderr.write(`ivory: ${message}\n`);
  process.exitCode = 1;
}

const root = path.dirname(fileURLToPath(import.meta.url));
const [name = '', ...rest] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
try {
  if (command === undefined) {
    throw new SetupError(
      `unknown command '${name}'; there are ${Object.keys(COMMANDS).join(', ')}`,
    );
  }
  installPackages(root, command);
  installPrograms(command.programs);
  const { run = [await bundledProgram(root)] } = command;
  handOver(findRuntime(root), [...run, ...rest], root);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  fail(error.message);
}
