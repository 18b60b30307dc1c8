import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type FileContent, WatchedFile } from './watched-file.ts';

/** A file in a folder of its own; the timer never fires: a test looks itself. */
async function watch(text: string | undefined, name = 'keys.json') {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-watched-file-'));
  const path = join(directory, name);
  if (text !== undefined) await writeFile(path, text, { mode: 0o600 });
  const changes: (string | undefined)[] = [];
  const errors: unknown[] = [];
  const opened = await WatchedFile.open({
    path,
    clock: { every: () => () => {} },
    onChange: (content) => changes.push(content?.text),
    onError: (error) => errors.push(error),
  });
  return {
    ...opened,
    directory,
    path,
    changes,
    errors,
    async lookTwice() {
      await opened.file.look();
      await opened.file.look();
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

describe('WatchedFile', () => {
  test('open() reads the file, and says who else may', async () => {
    await using closed = await watch('a');
    assert.deepEqual(closed.content, { text: 'a', isOpenToOthers: false } satisfies FileContent);
    await using absent = await watch(undefined);
    assert.equal(absent.content, undefined);
  });

  test('tells of a file that was written in place', async () => {
    await using watched = await watch('a');
    await watched.lookTwice();
    assert.deepEqual(watched.changes, []);
    await writeFile(watched.path, 'b');
    await watched.lookTwice();
    await watched.lookTwice();
    assert.deepEqual(watched.changes, ['b']);
  });

  test('waits until a file has stayed the same for a look', async () => {
    await using watched = await watch('a');
    await writeFile(watched.path, 'half');
    await watched.file.look();
    await writeFile(watched.path, 'whole');
    await watched.file.look();
    assert.deepEqual(watched.changes, []);
    await watched.file.look();
    assert.deepEqual(watched.changes, ['whole']);
  });

  test('tells of a file that another one replaced', async () => {
    await using watched = await watch('a');
    await writeFile(`${watched.path}.new`, 'b');
    await rename(`${watched.path}.new`, watched.path);
    await watched.lookTwice();
    assert.deepEqual(watched.changes, ['b']);
  });

  test('tells of a file behind a link that was swapped, as Kubernetes does it', async () => {
    await using watched = await watch(undefined);
    const { directory } = watched;
    for (const version of ['1', '2']) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'keys.json'), version);
    }
    await symlink('1', join(directory, '..data'));
    await symlink(join('..data', 'keys.json'), watched.path);
    await watched.lookTwice();
    await symlink('2', join(directory, '..next'));
    await rename(join(directory, '..next'), join(directory, '..data'));
    await watched.lookTwice();
    assert.deepEqual(watched.changes, ['1', '2']);
  });

  test('tells of a file that comes, and of one that goes', async () => {
    await using watched = await watch(undefined);
    await writeFile(watched.path, 'a');
    await watched.lookTwice();
    await rm(watched.path);
    await watched.lookTwice();
    assert.deepEqual(watched.changes, ['a', undefined]);
  });

  test('tells of a file that cannot be read, once', async () => {
    await using watched = await watch(undefined);
    await mkdir(watched.path);
    await watched.lookTwice();
    await watched.lookTwice();
    assert.equal(watched.errors.length, 1);
    assert.match(String(watched.errors[0]), /EISDIR/);
  });

  test('tells of a change that could not be read at first, without another one', async () => {
    await using watched = await watch('a');
    let isAway = false;
    const { path, changes, errors } = watched;
    const { file } = await WatchedFile.open({
      path,
      clock: { every: () => () => {} },
      onChange: (content) => changes.push(content?.text),
      onError: (error) => errors.push(error),
      async readContent() {
        if (isAway) throw new Error('EIO');
        return { text: await readFile(path, 'utf8'), isOpenToOthers: false };
      },
    });
    isAway = true;
    await writeFile(path, 'b');
    for (let look = 0; look < 4; look++) await file.look();
    assert.deepEqual([changes, errors.length], [[], 1]);
    isAway = false;
    for (let look = 0; look < 4; look++) await file.look();
    assert.deepEqual(changes, ['b']);
  });

  test('tells of nothing once it is disposed of', async () => {
    await using watched = await watch('a');
    watched.file[Symbol.dispose]();
    await writeFile(watched.path, 'b');
    await watched.lookTwice();
    assert.deepEqual(watched.changes, []);
  });
});
