import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test, { type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CreateChannelCommand, GetChannelCommand, IvsClient } from '@aws-sdk/client-ivs';
import { ROOT } from './support/source-tree.ts';

const ACCESS_KEY = { accessKeyId: 'AKIAWHOLESERVICETEST', secretAccessKey: 'whole-service-secret' };

/** What `npm start` reads of a checkout, of which none is made yet. */
async function copyCheckout(t: TestContext): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'ivory-bundle-'));
  t.after(() => rm(root, { recursive: true }));
  for (const name of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'launch',
    'console',
    'src',
  ]) {
    await cp(path.join(ROOT, name), path.join(root, name), { recursive: true });
  }
  await symlink(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
  return root;
}

/** As a launcher of its own does: esbuild's service is one a process. */
async function bundledProgram(root: string): Promise<string> {
  const module = JSON.stringify(pathToFileURL(path.join(root, 'launch/bundle.mjs')));
  const script = `import { bundledProgram } from ${module};
    process.stdout.write(await bundledProgram(${JSON.stringify(root)}));`;
  const args = ['--input-type=module', '-e', script];
  return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout;
}

/** Starts a program of the server on ports of the system's choice; resolves to its address. */
async function start(t: TestContext, program: string, dataDirectory: string): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [program], {
    cwd: tmpdir(),
    env: {
      PATH: process.env['PATH'],
      IVORY_DATA_DIR: dataDirectory,
      IVORY_HTTP_PORT: '0',
      IVORY_HTTPS_PORT: '0',
      IVORY_RTMP_PORT: '0',
      IVORY_RTMPS_PORT: '0',
      IVORY_ROOT_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
      IVORY_ROOT_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    const exited = once(child, 'exit');
    if (child.kill()) await exited;
  });
  assert.ok(child.stdout);
  for await (const line of createInterface(child.stdout)) {
    const address = /^ {2}API, playback +(\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`${program} ended before it was up`);
}

test('the bundle starts, answers the API from its database threads, and serves the watch page', async (t) => {
  const root = await copyCheckout(t);
  const program = await bundledProgram(root);
  assert.equal(path.basename(program), 'main.cjs');

  const endpoint = await start(t, program, path.join(root, 'data'));

  const ivs = new IvsClient({ endpoint, region: 'us-west-2', credentials: ACCESS_KEY });
  t.after(() => ivs.destroy());
  const { channel } = await ivs.send(new CreateChannelCommand({ name: 'bundled' }));
  const found = await ivs.send(new GetChannelCommand({ arn: channel?.arn }));
  assert.equal(found.channel?.name, 'bundled');
  const id = channel?.arn?.split('/')[1];
  const page = await fetch(`${endpoint}/watch/${id}`);
  assert.deepEqual(
    [page.status, page.headers.get('content-type')],
    [200, 'text/html; charset=utf-8'],
  );
});

test('the bundle has a program for each worker, which run', async (t) => {
  const root = await copyCheckout(t);
  const folder = path.dirname(await bundledProgram(root));
  const sources = await readdir(path.join(root, 'src'), { recursive: true });
  const workers = sources
    .filter((file) => file.endsWith('-worker.ts'))
    .map((file) => path.basename(file, '.ts'));
  const programs = (await readdir(folder)).filter((file) => file.endsWith('.cjs'));
  assert.deepEqual(programs.sort(), ['main', ...workers].map((name) => `${name}.cjs`).sort());

  const worker = new Worker(path.join(folder, 's3-worker.cjs'), {
    workerData: { buckets: ['away'], endpoint: 'http://127.0.0.1:1', region: 'us-west-2' },
  });
  t.after(() => worker.terminate());
  worker.postMessage({ id: 7, work: { kind: 'probe', bucketName: 'away' } });
  const [reply] = await once(worker, 'message');
  assert.equal(reply.id, 7);
});

test('the bundle takes one byte of memory for each of its characters', async (t) => {
  const folder = path.dirname(await bundledProgram(await copyCheckout(t)));
  const programs = (await readdir(folder)).filter((file) => file.endsWith('.cjs'));
  for (const name of programs) {
    const program = await readFile(path.join(folder, name), 'utf8');
    assert.doesNotMatch(program, /[\u0100-\uffff]/u, name);
  }
});

test('the bundle loads what few servers need when they need it', async (t) => {
  const root = await copyCheckout(t);
  const program = await readFile(await bundledProgram(root), 'utf8');
  assert.match(program, /require\("node:net"\)/);
  // 20 ms and 4 MB, 100 ms, 36 MB: what each would add to every start.
  assert.doesNotMatch(program, /require\("node:http2"\)/);
  assert.doesNotMatch(program, /[^.]require\("(selfsigned|@aws-sdk)/);
});

test('bundledProgram() makes one bundle for all that start at once, and another one for other sources', async (t) => {
  const root = await copyCheckout(t);
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => bundledProgram(root)));
  assert.deepEqual(others, [first, first]);
  assert.equal(await bundledProgram(root), first);
  assert.equal((await readdir(path.join(root, 'dist'))).length, 1);

  await writeFile(path.join(root, 'src/lib/another.ts'), 'export const another = 1;\n');
  assert.notEqual(await bundledProgram(root), first);
});

test('bundledProgram() is the sources where it can write nothing', async (t) => {
  const root = await copyCheckout(t);
  await writeFile(path.join(root, 'dist'), 'a file');
  assert.equal(await bundledProgram(root), path.join(root, 'src/main.ts'));
});
