import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnreadableFile } from '../domain/unreadable-file.ts';
import { BucketDirectory } from './bucket-directory.ts';

async function setUp() {
  const path = await mkdtemp(join(tmpdir(), 'ivory-buckets-'));
  const root = join(path, 'buckets');
  return {
    path,
    root,
    buckets: new BucketDirectory(root),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

test('probe() makes the bucket, for its owner alone, and leaves nothing in it', async () => {
  await using world = await setUp();
  await Promise.all([world.buckets.probe('my.bucket-1'), world.buckets.probe('my.bucket-1')]);
  assert.deepEqual(await readdir(world.root), ['my.bucket-1']);
  assert.deepEqual(await readdir(join(world.root, 'my.bucket-1')), []);
  assert.equal((await stat(join(world.root, 'my.bucket-1'))).mode & 0o077, 0);
});

test('probe() takes a bucket that is there, be it a link to another disk, and leaves it as it is', async () => {
  await using world = await setUp();
  await world.buckets.probe('first');
  await writeFile(join(world.root, 'first', 'recording'), 'kept');
  await symlink(join(world.root, 'first'), join(world.root, 'linked'));
  await world.buckets.probe('linked');
  assert.deepEqual(await readdir(join(world.root, 'first')), ['recording']);
});

test('probe() rejects where the bucket cannot be written to', async () => {
  await using world = await setUp();
  await world.buckets.probe('other');
  await writeFile(join(world.root, 'file'), '');
  await symlink('/proc', join(world.root, 'unwritable'));
  await assert.rejects(world.buckets.probe('file'));
  await assert.rejects(world.buckets.probe('unwritable'));
});

test('probe() touches nothing for what is not the name of a bucket', async () => {
  await using world = await setUp();
  for (const name of [
    '..',
    '...',
    '../a',
    'a/b',
    '.git',
    'a..b',
    '-ab',
    'ab.',
    'AB1',
    'a\0b',
    '',
  ]) {
    await assert.rejects(world.buckets.probe(name), { message: /no name of a bucket/ }, name);
  }
  assert.deepEqual(await readdir(world.path), []);
});

test('putFile() tells a file that is not there from a bucket that cannot be written to', async () => {
  await using world = await setUp();
  const path = join(world.path, '0.ts');
  await assert.rejects(world.buckets.putFile('bucket', 'a/0.ts', path), (error: Error) => {
    assert.ok(error instanceof UnreadableFile);
    assert.equal(error.message, `cannot read ${path}: ENOENT`);
    assert.ok(error.isLost);
    return true;
  });
  await writeFile(path, 'media');
  await writeFile(join(world.root, 'file'), '');
  const refused = world.buckets.putFile('file', 'a/0.ts', path);
  await assert.rejects(refused, (error: Error) => !(error instanceof UnreadableFile));
});
