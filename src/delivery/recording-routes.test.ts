import assert from 'node:assert/strict';
import test from 'node:test';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import { recordingRoutes } from './recording-routes.ts';

const CONTENT = Buffer.from('0123456789');
const KEY = 'ivs/v1/123456789012/abcdABCDefgh/2026/1/2/3/4/abc/media/hls/720p30/0.ts';

function setUp() {
  const asked: string[] = [];
  const handle = recordingRoutes(
    {
      async find(bucketName, key) {
        asked.push(`${bucketName}/${key}`);
        if (key !== KEY) return undefined;
        return {
          byteLength: CONTENT.byteLength,
          read: (first, last) => CONTENT.subarray(first, last + 1),
        };
      },
    },
    undefined,
  );
  return {
    asked,
    ask: async (...args: Parameters<typeof fakeRequest>) => handle(fakeRequest(...args)),
  };
}

test('an object is sent with its type, for pages of any origin', async () => {
  const reply = await setUp().ask(`/recordings/my-bucket/${KEY}`);
  assert.equal(reply?.status, 200);
  assert.equal(reply.headers['Content-Type'], 'video/mp2t');
  assert.equal(reply.headers['Access-Control-Allow-Origin'], '*');
  assert.equal(await replyText(reply), '0123456789');
  // Said by the server, which knows how the body is framed.
  assert.equal(reply.byteLength, 10);
  assert.equal('Content-Length' in reply.headers, false);
});

test('a range of an object is sent as one', async () => {
  const reply = await setUp().ask(`/recordings/my-bucket/${KEY}`, {
    headers: { range: 'bytes=2-4' },
  });
  assert.equal(reply?.status, 206);
  assert.equal(reply.headers['Content-Range'], 'bytes 2-4/10');
  assert.equal(reply.byteLength, 3);
  assert.equal(await replyText(reply), '234');
});

test('what is no bucket or no key of a recording is not looked for', async () => {
  const { ask, asked } = setUp();
  for (const path of [
    '/recordings/',
    '/recordings/my-bucket',
    '/recordings/my-bucket/',
    '/recordings/../a.ts',
    '/recordings/.tmp/a.ts',
    '/recordings/my-bucket/../ivory.db',
    '/recordings/my-bucket/..%2fa.ts',
    '/recordings/my-bucket/a/./b.ts',
    '/recordings/my-bucket/.ivory-probe-1.ts',
    '/recordings/my-bucket//a.ts',
    '/recordings/my-bucket/a.ts/',
    '/recordings/my-bucket/a.html',
    `/recordings/my-bucket/${'a/'.repeat(40)}a.ts`,
  ]) {
    assert.equal((await ask(path))?.status, 404, path);
  }
  assert.deepEqual(asked, []);
  assert.equal(await ask('/watch/abc'), undefined);
});
