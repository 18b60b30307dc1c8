import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ROOT } from './support/source-tree.ts';

/** A checkout with the real launcher, one locked package, and an npm that installs what the lockfile says. */
async function createCheckout(t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-launch-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await cp(path.join(ROOT, 'launch.mjs'), path.join(directory, 'launch.mjs'));
  await cp(path.join(ROOT, 'launch'), path.join(directory, 'launch'), { recursive: true });
  await mkdir(path.join(directory, 'src'));
  await writeFile(
    path.join(directory, 'npm.mjs'),
    `import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
     appendFileSync('npm.log', process.argv[2] + '\\n');
     mkdirSync('node_modules', { recursive: true });
     copyFileSync('package-lock.json', 'node_modules/.package-lock.json');`,
  );

  const write = (file: string, text: string) => writeFile(path.join(directory, file), text);
  const lock = (packages: Record<string, object>) =>
    write('package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }));
  const launch = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [path.join(directory, 'launch.mjs'), ...args], {
      cwd: tmpdir(),
      env: { ...process.env, npm_execpath: path.join(directory, 'npm.mjs'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const npmRuns = async () => {
    const log = await readFile(path.join(directory, 'npm.log'), 'utf8').catch(() => '');
    return log.split('\n').filter((line) => line !== '');
  };
  await lock({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-1' } });
  await write('src/main.ts', "console.log('hello');\n");
  return { directory, write, lock, launch, npmRuns };
}

async function finish(child: ChildProcess) {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => (output += String(chunk)));
  child.stderr?.on('data', (chunk) => (errors += String(chunk)));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output, errors };
}

test('launch.mjs installs packages when there are none, and not again', async (t) => {
  const checkout = await createCheckout(t);
  const first = await finish(checkout.launch(['start']));
  assert.deepEqual([first.code, first.output], [0, 'hello\n']);
  assert.deepEqual(await checkout.npmRuns(), ['ci']);
  await finish(checkout.launch(['start']));
  assert.deepEqual(await checkout.npmRuns(), ['ci']);
});

test('launch.mjs installs packages again when the lockfile names another version', async (t) => {
  const checkout = await createCheckout(t);
  await finish(checkout.launch(['start']));
  await checkout.lock({ 'node_modules/a': { version: '1.0.1', integrity: 'sha512-2' } });
  await finish(checkout.launch(['start']));
  assert.deepEqual(await checkout.npmRuns(), ['ci', 'ci']);
});

test('launch.mjs does not miss packages for other machines, nor development ones to start', async (t) => {
  const checkout = await createCheckout(t);
  await finish(checkout.launch(['start']));
  await checkout.lock({
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-1' },
    'node_modules/elsewhere': { version: '1.0.0', optional: true },
    'node_modules/tool': { version: '1.0.0', dev: true },
  });
  await finish(checkout.launch(['start']));
  assert.deepEqual(await checkout.npmRuns(), ['ci']);
});

test('launch.mjs ends with the exit code of the program', async (t) => {
  const checkout = await createCheckout(t);
  await checkout.write('src/main.ts', 'process.exitCode = 7;\n');
  assert.equal((await finish(checkout.launch(['start']))).code, 7);
});

test('launch.mjs passes signals on and waits for the program to end', async (t) => {
  const checkout = await createCheckout(t);
  await checkout.write(
    'src/main.ts',
    `const timer = setInterval(() => {}, 60_000);
     for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
       process.once(name, () => { console.log(name); clearInterval(timer); });
     }
     console.log('ready');\n`,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const child = checkout.launch(['start']);
    const ended = finish(child);
    child.stdout?.once('data', () => child.kill(signal));
    assert.deepEqual([(await ended).code, (await ended).output], [0, `ready\n${signal}\n`]);
  }
});

test('launch.mjs passes a signal on once when the terminal and npm both send it', async (t) => {
  const checkout = await createCheckout(t);
  // A server ends at once at the second signal; here the second one would be seen as the end by signal.
  await checkout.write(
    'src/main.ts',
    `const timer = setInterval(() => {}, 60_000);
     process.once('SIGINT', () => setTimeout(() => clearInterval(timer), 100));
     console.log('ready');\n`,
  );
  const child = checkout.launch(['start']);
  const ended = finish(child);
  child.stdout?.once('data', () => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 20);
  });
  assert.deepEqual([(await ended).code, (await ended).signal], [0, null]);
});

test('launch.mjs ends by the signal that the program ended by', async (t) => {
  const checkout = await createCheckout(t);
  await checkout.write('src/main.ts', "process.kill(process.pid, 'SIGKILL');\n");
  assert.equal((await finish(checkout.launch(['start']))).signal, 'SIGKILL');
});

test('launch.mjs that is killed has its program end in order', async (t) => {
  const checkout = await createCheckout(t);
  await checkout.write(
    'src/main.ts',
    `process.once('disconnect', () => { console.log('in order'); process.exit(); });
     setInterval(() => {}, 60_000);
     console.log('ready');\n`,
  );
  const child = checkout.launch(['start']);
  const ended = finish(child);
  child.stdout?.once('data', () => child.kill('SIGKILL'));
  assert.equal((await ended).output, 'ready\nin order\n');
});

test('launch.mjs refuses an unknown command in one line', async (t) => {
  const checkout = await createCheckout(t);
  const { code, errors } = await finish(checkout.launch(['strat']));
  assert.equal(code, 1);
  assert.match(errors, /^ivory: unknown command 'strat'; there are start, .*\n$/);
});

const canInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0;

test('launch.mjs installs a missing program with apt-get', { skip: !canInstall }, async (t) => {
  const checkout = await createCheckout(t);
  const bin = path.join(checkout.directory, 'bin');
  await mkdir(path.join(checkout.directory, 'scripts'));
  await mkdir(bin);
  await checkout.write('scripts/demo.ts', "console.log('demo');\n");
  const log = path.join(checkout.directory, 'apt.log');
  const script = `#!/bin/sh\necho "$@" >>${log}\n[ "$1" = update ] || : >${bin}/ffmpeg\n`;
  await writeFile(path.join(bin, 'apt-get'), script, { mode: 0o755 });

  const { code, output } = await finish(checkout.launch(['demo'], { PATH: bin }));
  assert.deepEqual([code, output], [0, 'demo\n']);
  assert.deepEqual((await readFile(log, 'utf8')).trimEnd().split('\n'), [
    'update -q',
    'install -y --no-install-recommends ffmpeg -q',
  ]);
});

test('launch.mjs says so when a program is missing after apt-get', {
  skip: !canInstall,
}, async (t) => {
  const checkout = await createCheckout(t);
  await checkout.write('apt-get', '#!/bin/sh\n');
  await chmod(path.join(checkout.directory, 'apt-get'), 0o755);
  const { code, errors } = await finish(checkout.launch(['demo'], { PATH: checkout.directory }));
  assert.equal(code, 1);
  assert.match(errors, /ivory: still missing after 'apt-get install .* ffmpeg': ffmpeg\n$/);
});
