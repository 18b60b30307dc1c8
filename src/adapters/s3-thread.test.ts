import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { startFauxqs } from 'fauxqs';
import { temporaryDirectory } from '../../test/support/ivory.ts';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { UnreadableFile } from '../domain/unreadable-file.ts';
import { S3Thread } from './s3-thread.ts';

test('S3Thread writes what it is given, tells refusals from failures, and ends', async () => {
  await using resources = new AsyncDisposableStack();
  const server = resources.adopt(
    await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' }),
    (started) => started.stop(),
  );
  server.createBucket('kept-in-s3');
  const endpoint = `http://127.0.0.1:${server.port}`;
  const credentials = { accessKeyId: 'AKIAS3THREADTEST', secretAccessKey: 'secret' };
  const buckets = resources.use(new S3Thread({ region: 'us-east-1', endpoint, credentials }));
  const { path: directory } = resources.use(await temporaryDirectory());
  await buckets.probe('kept-in-s3');
  const final = { contentType: 'video/mp2t', isFinal: true };
  await writeFile(path.join(directory, '0.ts'), Buffer.alloc(100_000, 0x47));
  await Promise.all([
    buckets.putFile('kept-in-s3', 'a/0.ts', path.join(directory, '0.ts'), final),
    buckets.putBytes('kept-in-s3', 'a/1.ts', Buffer.from('one'), final),
  ]);
  const read = async (key: string) => (await fetch(`${endpoint}/kept-in-s3/${key}`)).arrayBuffer();
  assert.equal((await read('a/0.ts')).byteLength, 100_000);
  assert.equal(Buffer.from(await read('a/1.ts')).toString(), 'one');
  await assert.rejects(buckets.probe('not-there'), { name: 'NoSuchBucket' });
  await assert.rejects(
    buckets.putBytes('not-there', 'a', Buffer.from('a'), final),
    DestinationRefused,
  );
  const none = path.join(directory, 'none');
  await assert.rejects(buckets.putFile('kept-in-s3', 'a', none, final), (error: Error) => {
    assert.ok(error instanceof UnreadableFile);
    assert.deepEqual(
      { ...error },
      { name: 'UnreadableFile', path: none, reason: 'ENOENT', isLost: true },
    );
    return true;
  });
  const cut = buckets.putBytes('kept-in-s3', 'a', Buffer.from('a'), final);
  const rejected = assert.rejects(cut, /its thread ended/);
  await buckets[Symbol.asyncDispose]();
  await rejected;
  await assert.rejects(buckets.probe('kept-in-s3'), /its thread is closed/);
});
