import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DataDirectoryError,
  findWriteObstacle,
  loadRootAccessKey,
  loadServerSecret,
  prepareDataDirectory,
  readIfPresent,
  replaceSecretFile,
} from './data-directory.ts';
import { randomBytes } from './system.ts';

async function makeParent() {
  const path = await mkdtemp(join(tmpdir(), 'ivory-data-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('prepareDataDirectory() makes a directory for the owner alone, and takes one that is there', async () => {
  await using parent = await makeParent();
  const directory = await prepareDataDirectory(join(parent.path, 'a', 'b'));
  assert.equal(directory.path, join(parent.path, 'a', 'b'));
  assert.equal(await modeOf(directory.path), '700');
  assert.deepEqual(await prepareDataDirectory(directory.path), directory);
});

test('prepareDataDirectory() says in one line why it cannot', async () => {
  await using parent = await makeParent();
  const file = join(parent.path, 'file');
  await writeFile(file, '');
  for (const path of [file, join(file, 'below'), '/proc/ivory']) {
    await assert.rejects(prepareDataDirectory(path), (error: Error) => {
      assert.ok(error instanceof DataDirectoryError);
      assert.ok(error.message.startsWith(`cannot use data directory ${path}: E`), error.message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

test('findWriteObstacle() says why nothing can be written', async () => {
  await using parent = await makeParent();
  assert.equal(await findWriteObstacle(parent), undefined);
  const gone = { path: join(parent.path, 'gone') };
  const away = 'the data directory cannot be written to: ENOENT';
  assert.equal(await findWriteObstacle(gone), away);
  // Of /proc nobody takes a byte.
  assert.equal(
    await findWriteObstacle({ path: '/proc' }),
    'the disk of the data directory is full',
  );
});

test('loadRootAccessKey() makes a key of the shape that AWS tools expect, once', async () => {
  await using parent = await makeParent();
  const directory = await prepareDataDirectory(parent.path);

  const made = await loadRootAccessKey(directory, randomBytes);

  assert.equal(made.isNew, true);
  assert.match(made.key.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.match(made.key.secretAccessKey, /^[A-Za-z0-9+/]{40}$/);
  assert.equal(await modeOf(directory.rootAccessKey), '600');
  assert.deepEqual(await loadRootAccessKey(directory, randomBytes), {
    key: made.key,
    isNew: false,
  });
  assert.deepEqual(await readdir(directory.path), ['root-access-key.json']);
});

test('loadRootAccessKey() gives the same key to all who start at once, and is new to one', async () => {
  await using parent = await makeParent();
  const directory = await prepareDataDirectory(parent.path);
  const loaded = await Promise.all(
    Array.from({ length: 8 }, () => loadRootAccessKey(directory, randomBytes)),
  );
  assert.equal(new Set(loaded.map(({ key }) => key.secretAccessKey)).size, 1);
  assert.equal(loaded.filter(({ isNew }) => isNew).length, 1);
  assert.deepEqual(await readdir(directory.path), ['root-access-key.json']);
});

test('loadRootAccessKey() refuses a damaged file and says how to go on', async () => {
  await using parent = await makeParent();
  const directory = await prepareDataDirectory(parent.path);
  for (const content of ['', '{"accessKeyId":', 'null', '[]', '{"accessKeyId":"a"}']) {
    await writeFile(directory.rootAccessKey, content);
    await assert.rejects(loadRootAccessKey(directory, randomBytes), {
      name: 'DataDirectoryError',
      message: /root-access-key\.json: it must be a JSON object .* delete it to get a new key$/,
    });
  }
});

test('loadServerSecret() makes 32 bytes once, and refuses any other number', async () => {
  await using parent = await makeParent();
  const directory = await prepareDataDirectory(parent.path);
  const secret = await loadServerSecret(directory, randomBytes);
  assert.equal(secret.length, 32);
  assert.deepEqual(await loadServerSecret(directory, randomBytes), secret);
  assert.equal(await modeOf(directory.serverSecret), '600');

  await writeFile(directory.serverSecret, 'short');
  await assert.rejects(loadServerSecret(directory, randomBytes), /32 bytes, got 5; delete it/);
});

test('replaceSecretFile() replaces, whatever the mode of the old file', async () => {
  await using parent = await makeParent();
  const path = join(parent.path, 'file');
  await writeFile(path, 'zero', { mode: 0o644 });
  await replaceSecretFile(path, Buffer.from('one'));
  await replaceSecretFile(path, Buffer.from('two'));
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal(await modeOf(path), '600');
  assert.deepEqual(await readdir(parent.path), ['file']);
});

test('readIfPresent() finds nothing where nothing is, and fails where it cannot read', async () => {
  await using parent = await makeParent();
  assert.equal(await readIfPresent(join(parent.path, 'none')), undefined);
  await mkdir(join(parent.path, 'directory'));
  await assert.rejects(readIfPresent(join(parent.path, 'directory')), DataDirectoryError);
});
