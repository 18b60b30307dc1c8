import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { RecordedLog, temporaryDirectory } from '../../test/support/ivory.ts';
import { type FileSystem, systemFiles } from './durable-files.ts';
import { DirectorySpool } from './recording-spool.ts';
import { readSpooledFile } from './spooled-file.ts';

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
  const spool = new DirectorySpool(directory.path, { files: full });
  await assert.rejects(spool.create('abc'), /ENOSPC/);
  assert.deepEqual(await spool.list(), []);
});

test('list() is empty where nothing was ever recorded', async () => {
  await using directory = await temporaryDirectory();
  assert.deepEqual(await new DirectorySpool(path.join(directory.path, 'none')).list(), []);
});

test('open() cuts off the last line where a power cut left it as something else, with or without an end', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  await (await spool.create('abc')).append([], ['{"a":1}']);
  for (const torn of ['\0\0\0\0', '\0\0\0\0\n']) {
    await appendFile(path.join(directory.path, 'abc/journal'), torn);
    assert.deepEqual(await (await spool.open('abc')).readJournal(), ['{"a":1}']);
  }
});

test('open() leaves a journal alone of which more than the last line cannot be read', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  await (await spool.create('abc')).append([], ['{"a":1}']);
  await appendFile(path.join(directory.path, 'abc/journal'), '?\n{"c":3}\n');
  const spooled = await spool.open('abc');
  assert.deepEqual(await spooled.readJournal(), ['{"a":1}', '?', '{"c":3}']);
  await spooled.replaceJournal(['{"d":4}']);
  await spooled.append([], ['{"e":5}']);
  assert.deepEqual(await (await spool.open('abc')).readJournal(), ['{"d":4}', '{"e":5}']);
});

test('keepAside() keeps all of a recording as it is, whatever is cut off, deleted and removed after it', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  const spooled = await spool.create('abc');
  const media = ['r/0.ts', 'r/1.ts', 'thumbnails/thumb0.jpg'];
  const writes = media.map((name) => ({ name, offset: 0, buffers: [Buffer.from('media')] }));
  await spooled.append(writes, ['{"a":1}']);
  const kept = await spooled.keepAside();
  await spooled.truncate('r/0.ts', 2);
  assert.equal(await readFile(spooled.pathOf('r/0.ts'), 'utf8'), 'me');
  await spooled.delete('r/1.ts');
  await spooled.replaceJournal(['{"b":2}']);
  assert.equal(await spooled.keepAside(), kept);
  await spooled.remove();
  assert.deepEqual(await spool.list(), []);
  assert.equal(kept, path.join(directory.path, 'abc.damaged'));
  for (const name of media) assert.equal(await readFile(path.join(kept, name), 'utf8'), 'media');
  assert.equal(await readFile(path.join(kept, 'journal'), 'utf8'), '{"a":1}\n');
});

/** Media without a line are kept aside as damaged: a crash in the first write must not look like that. */
test('append() writes the first line of a recording before its media', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  const spooled = await spool.create('abc');
  const file = { name: 'r/0.ts', offset: 0, buffers: [Buffer.from('media')] };
  const journals: string[] = [];
  const watched = new Proxy(file, {
    get(target, key: keyof typeof file) {
      journals.push(readFileSync(spooled.pathOf('journal'), 'utf8'));
      return target[key];
    },
  });
  await spooled.append([watched], ['1', '2']);
  assert.equal(journals[0], '1\n');
  assert.deepEqual(await spooled.readJournal(), ['1', '2']);
});

test('truncate() leaves what is no file that can be cut off for the upload to find out', async () => {
  await using directory = await temporaryDirectory();
  const spooled = await new DirectorySpool(directory.path).create('abc');
  await mkdir(spooled.pathOf('r/0.ts'), { recursive: true });
  await spooled.truncate('r/0.ts', 2);
  await spooled.truncate('r/1.ts', 2);
  await assert.rejects(readSpooledFile(spooled.pathOf('r/0.ts')), {
    reason: 'EISDIR',
    isLost: true,
  });
  await assert.rejects(readSpooledFile(spooled.pathOf('r/1.ts')), {
    reason: 'ENOENT',
    isLost: true,
  });
});

test('list() leaves what is no recording alone, and says so of a file', async () => {
  await using directory = await temporaryDirectory();
  const log = new RecordedLog();
  const spool = new DirectorySpool(directory.path, { log });
  await spool.create('abc');
  const stray = path.join(directory.path, 'README');
  await writeFile(stray, '');
  await mkdir(path.join(directory.path, 'abc.damaged'));
  assert.deepEqual(await spool.list(), ['abc']);
  assert.deepEqual(log.lines, [
    {
      level: 'warn',
      message: 'a file in the spool is no recording: it is left alone',
      fields: { path: stray },
    },
  ]);
});

test('list() says in one line that the spool is no directory', async () => {
  await using directory = await temporaryDirectory();
  const root = path.join(directory.path, 'spool');
  await writeFile(root, '');
  await assert.rejects(new DirectorySpool(root).list(), {
    name: 'DataDirectoryError',
    message: `cannot use ${root}: it must be a directory; move away what is there`,
  });
});

test('list() clears away what a crash left of a folder on its way out', async () => {
  await using directory = await temporaryDirectory();
  const spool = new DirectorySpool(directory.path);
  await mkdir(path.join(directory.path, 'abc.partial'));
  assert.deepEqual(await spool.list(), []);
  assert.deepEqual(await readdir(directory.path), []);
});
