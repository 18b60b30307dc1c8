import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import { loadWatchAssets } from '../adapters/page-assets.ts';
import { WatchRoutes } from './watch-routes.ts';

const assets = await loadWatchAssets();

function setUp(publicUrl?: string) {
  const routes = new WatchRoutes({
    channels: {
      find: async (id) =>
        id === 'abcdABCDefgh' ? { region: 'us-west-2', accountId: '123456789012' } : undefined,
    },
    recordings: {
      recordings: async () => [
        { bucketName: 'kept-here', keyPrefix: 'ivs/v1/a', startedAtMs: 2, durationMs: 1500 },
        { bucketName: 'elsewhere', keyPrefix: 'ivs/v1/b', startedAtMs: 1 },
      ],
    },
    isServed: (bucketName) => bucketName === 'kept-here',
    assets,
    ...(publicUrl !== undefined && { publicUrl }),
  });
  return async (path: string, options?: Parameters<typeof fakeRequest>[1]) => {
    const reply = await routes.handle(fakeRequest(path, options));
    assert.ok(reply);
    return reply;
  };
}

test('the watch page of a channel knows its playback URL', async () => {
  const reply = await setUp()('/watch/abcdABCDefgh');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['Content-Type'], 'text/html; charset=utf-8');
  assert.ok(
    (await replyText(reply)).includes(
      'data-playback-url="/api/video/v1/us-west-2.123456789012.channel.abcdABCDefgh.m3u8"',
    ),
  );
});

test('the watch page of an unknown channel is a 404 that says so', async () => {
  const reply = await setUp()('/watch/unknown');
  assert.equal(reply.status, 404);
  assert.ok((await replyText(reply)).includes('data-playback-url=""'));
});

test('the watch page takes media from the public URL where there is one', async () => {
  const get = setUp('https://live.example.com/video');
  const reply = await get('/watch/abcdABCDefgh');
  assert.match(
    await replyText(reply),
    /data-playback-url="https:\/\/live\.example\.com\/video\/api/,
  );
  const policy = String(reply.headers['Content-Security-Policy']);
  assert.match(policy, /connect-src 'self' https:\/\/live\.example\.com;/);
});

test('the watch page allows no script or style but its own files', async () => {
  const reply = await setUp()('/watch/abcdABCDefgh');
  const policy = String(reply.headers['Content-Security-Policy']);
  assert.doesNotMatch(policy, /unsafe/);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /media-src blob: data: 'self';/);
  assert.doesNotMatch(await replyText(reply), /<style|style=|<script>|\son[a-z]+=/);
});

test('every file that the watch page names is served, with its type', async () => {
  const get = setUp();
  const page = await replyText(await get('/watch/abcdABCDefgh'));
  const names = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
  assert.ok(names.length >= 4);
  for (const name of names) {
    const reply = await get(name);
    assert.equal(reply.status, 200, name);
    assert.match(
      String(reply.headers['Content-Type']),
      /^(text\/(css|javascript); charset=utf-8|image\/svg)/,
    );
  }
});

test('files are compressed for browsers that take gzip', async () => {
  const get = setUp();
  const path = '/watch/assets/hls.min.js';
  const plain = await get(path);
  const gzipped = await get(path, { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(gzipped.headers['Content-Encoding'], 'gzip');
  assert.deepEqual(gunzipSync(gzipped.body as Uint8Array), Buffer.from(plain.body as Uint8Array));
});

for (const path of [
  '/watch/',
  '/watch/a/b',
  '/watch/<script>',
  '/watch/%3Cscript%3E',
  '/watch/assets/',
  '/watch/assets/watch.html',
  '/watch/assets/../watch.js',
  '/watch/assets/%2e%2e/package.json',
  '/watch/assets/package.json',
  '/watch/assets/constructor',
]) {
  test(`there is nothing at ${path}`, async () => {
    assert.equal((await setUp()(path)).status, 404);
  });
}

test('the watch page can only be read', async () => {
  assert.equal((await setUp()('/watch/abcdABCDefgh', { method: 'POST' })).status, 405);
});

test('/watch/<channel>/recordings lists the recordings that can be played from here', async () => {
  const { reply, text } = await askRecordings();
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(text), [
    { path: 'kept-here/ivs/v1/a', startedAtMs: 2, durationMs: 1500 },
  ]);
});

async function askRecordings() {
  const reply = await setUp()('/watch/abcdABCDefgh/recordings');
  return { reply, text: await replyText(reply) };
}
