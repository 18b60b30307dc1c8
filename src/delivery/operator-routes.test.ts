import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeRequest, replyText } from '../../test/support/playback.ts';
import { loadOperatorAssets } from '../adapters/page-assets.ts';
import { OperatorRoutes } from './operator-routes.ts';

const assets = await loadOperatorAssets();
const routes = new OperatorRoutes({ assets, region: 'eu-west-1' });

async function get(path: string, options?: Parameters<typeof fakeRequest>[1]) {
  const reply = await routes.handle(fakeRequest(path, options));
  assert.ok(reply, path);
  return reply;
}

test('the console begins with the region of the server, and knows no key', async () => {
  const reply = await get('/console');
  assert.equal(reply.status, 200);
  assert.match(await replyText(reply), /id="region" [^>]*value="eu-west-1"/);
});

test('the console allows nothing but its own files and its own server, and no frame around it', async () => {
  const reply = await get('/console');
  const policy = String(reply.headers['Content-Security-Policy']);
  assert.doesNotMatch(policy, /unsafe|\*/);
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]) {
    assert.ok(policy.split('; ').includes(rule), rule);
  }
  assert.doesNotMatch(await replyText(reply), /<style|style=|<script>|\son[a-z]+=/);
});

test('a form that its script does not handle sends no key', async () => {
  const fields = (await replyText(await get('/console'))).match(/<input[^>]*>/g) ?? [];
  assert.equal(fields.length, 3);
  for (const field of fields) assert.doesNotMatch(field, /\sname=/);
});

test('every file that the console names is served, with its type, and never of another version', async () => {
  const named = async (path: string, pattern: RegExp) =>
    [...(await replyText(await get(path))).matchAll(pattern)].map(([, name = '']) => name);
  const files = await named('/console', /(?:src|href)="(\/console\/[^"]+)"/g);
  assert.ok(files.includes('/console/assets/operator.js'));
  // Grows as it is walked: modules name others.
  for (const file of files) {
    const reply = await get(file);
    assert.equal(reply.status, 200, file);
    assert.match(String(reply.headers['Content-Type']), /^text\/(css|javascript); charset=utf-8$/);
    assert.equal(reply.headers['Cache-Control'], 'no-cache');
    if (!file.endsWith('.js')) continue;
    for (const name of await named(file, /from '\.\/([^']+)'/g)) {
      const path = `/console/assets/${name}`;
      if (!files.includes(path)) files.push(path);
    }
  }
  const unused = [...assets.keys()].filter((name) => !files.includes(`/console/assets/${name}`));
  assert.deepEqual(unused, ['operator.html']);
});

for (const path of [
  '/console/a',
  '/console/assets/',
  '/console/assets/operator.html',
  '/console/assets/../operator.js',
  '/console/assets/%2e%2e/package.json',
  '/console/assets/watch.js',
  '/console/assets/constructor',
]) {
  test(`there is nothing at ${path}`, async () => {
    assert.equal((await get(path)).status, 404);
  });
}

test('the console can only be read', async () => {
  assert.equal((await get('/console', { method: 'POST' })).status, 405);
});

test('a browser at the root is sent to the console, and nobody else', async () => {
  const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const reply = await get('/', { headers: { accept } });
  assert.deepEqual([reply.status, reply.headers['Location']], [302, '/console']);
  const answer = (path: string, options?: Parameters<typeof fakeRequest>[1]) =>
    routes.handle(fakeRequest(path, options));
  assert.equal(answer('/'), undefined);
  assert.equal(answer('/', { headers: { accept: 'application/json' } }), undefined);
  assert.equal(answer('/', { method: 'POST', headers: { accept } }), undefined);
  assert.equal(answer('/ListStreams', { headers: { accept } }), undefined);
  assert.equal(answer('/consoles', { headers: { accept } }), undefined);
});
