import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { temporaryDirectory } from '../../test/support/ivory.ts';
import { type FileSystem, systemFiles } from './durable-files.ts';
import { DirectorySpool } from './recording-spool.ts';

test('append() puts bytes at their place, and lines behind those there are', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(path.join(directory.path, 'spool'));
  const spooled = await spool.create('abc');
  await spooled.append(
    [{ name: 'r/0.ts', offset: 0, buffers: [Buffer.from('one '), Buffer.from('two ')] }],
    ['1', '2'],
  );
  await spooled.append([{ name: 'r/0.ts', offset: 8, buffers: [Buffer.from('three')] }], ['3']);
  assert.equal(await readFile(spooled.pathOf('r/0.ts'), 'utf8'), 'one two three');
  assert.deepEqual(await spooled.readJournal(), ['1', '2', '3']);
  assert.ok((await spooled.files()).has('r/0.ts'));
  await spooled.remove();
  assert.deepEqual(await spool.list(), []);
});

test('open() cuts off the line that a crash left half written', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  await (await spool.create('abc')).append([], ['{"a":1}']);
  await appendFile(path.join(directory.path, 'abc/journal'), '{"b":');
  const spooled = await spool.open('abc');
  await spooled.append([], ['{"c":3}']);
  assert.deepEqual(await spooled.readJournal(), ['{"a":1}', '{"c":3}']);
  await spooled.remove();
});

test('create() leaves nothing where the disk is full', async () => {
  await using directory = await temporaryDirectory();
  const full: FileSystem = {
    ...systemFiles,
    open: async (...opened) => {
      const file = await systemFiles.open(...opened);
      file.datasync = async () => {
        throw new Error('ENOSPC');
      };
      return file;
    },
  };
  const spool = new DirectorySpool(directory.path, full);
  await assert.rejects(spool.create('abc'), /ENOSPC/);
  assert.deepEqual(await spool.list(), []);
});

test('list() is empty where nothing was ever recorded', async () => {
  await using directory = await temporaryDirectory();
  assert.deepEqual(await new DirectorySpool(path.join(directory.path, 'none')).list(), []);
});

test('open() cuts off everything from a line on that a power cut left as something else', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  await (await spool.create('abc')).append([], ['{"a":1}']);
  await appendFile(path.join(directory.path, 'abc/journal'), '\0\0\0\0\n{"c":3}\n');
  const spooled = await spool.open('abc');
  await spooled.append([], ['{"d":4}']);
  assert.deepEqual(await spooled.readJournal(), ['{"a":1}', '{"d":4}']);
});
