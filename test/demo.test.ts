import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ROOT } from './support/source-tree.ts';

/** The demo, in a temporary folder of its own and without settings from outside. */
async function startDemo(t: TestContext, args: readonly string[]) {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-demo-test-'));
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('IVORY_')),
  );
  const child = spawn(process.execPath, [path.join(ROOT, 'scripts/demo.ts'), ...args], {
    env: { ...env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    await rm(directory, { recursive: true, force: true });
  });

  let output = '';
  const isAnswered = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
      if (/^(Ctrl-C|Ends after)/m.test(output)) isAnswered.resolve();
    });
  }
  const closed = once(child, 'close').then(([code]) => {
    isAnswered.resolve();
    return code as number | null;
  });
  await isAnswered.promise;
  return { child, closed, directory, output: () => output };
}

function valueAfter(label: string, output: string): string {
  return new RegExp(`^ *${label} +(\\S+)`, 'm').exec(output)?.[1] ?? `no ${label} in: ${output}`;
}

test('npm run demo shows a channel on air, and Ctrl-C ends everything it started', async (t) => {
  const demo = await startDemo(t, []);
  const output = demo.output();
  assert.match(output, /"state": "LIVE"/, output);
  assert.match(output, /aws ivs get-stream --endpoint-url http\S+ --channel-arn arn:aws:ivs:/);
  assert.match(valueAfter('Ingest', output), /^rtmp:\/\/[^/]+:\d+\/app\/$/);
  assert.match(valueAfter('Stream key', output), /^sk_/);

  const watchUrl = valueAfter('Watch', output);
  const watchPage = await fetch(watchUrl);
  assert.equal(watchPage.status, 200);
  assert.match(watchPage.headers.get('content-type') ?? '', /^text\/html/);
  const playlist = await fetch(valueAfter('Playback', output));
  assert.match(await playlist.text(), /^#EXTM3U/);

  demo.child.kill('SIGINT');
  assert.equal(await demo.closed, 0, demo.output());
  await assert.rejects(fetch(watchUrl));
  assert.deepEqual(await readdir(demo.directory), []);
});

test('npm run demo --seconds ends by itself', async (t) => {
  const demo = await startDemo(t, ['--seconds', '1']);
  assert.equal(await demo.closed, 0, demo.output());
});
