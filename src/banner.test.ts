import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadRootAccessKey, prepareDataDirectory } from './adapters/data-directory.ts';
import { randomBytes } from './adapters/system.ts';
import type { Ivory } from './app.ts';
import { banner } from './banner.ts';
import { readConfig } from './config.ts';

/** What a shell has in its environment after the banner's export lines were pasted into it. */
function pasted(text: string, env: Record<string, string> = {}): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith('export '));
  const script = `${lines.join('\n')}\nprintf '%s\\n' "$AWS_ENDPOINT_URL_IVS" "$AWS_REGION" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"`;
  return execFileSync('sh', ['-ec', script], { env: { PATH: process.env['PATH'], ...env } })
    .toString()
    .trim()
    .split('\n');
}

function started(options: Pick<Ivory, 'rootKey' | 'rootKeyPath' | 'isRootKeyNew'>): Ivory {
  return {
    publicUrl: 'http://127.0.0.1:8080',
    httpPort: 8080,
    httpsPort: 8443,
    certificatePath: '/data/tls.pem',
    rtmpPort: 1935,
    rtmpsPort: 1936,
    ...options,
    [Symbol.asyncDispose]: async () => {},
  };
}

// From the second start on the secret was a `<placeholder>`, which a shell takes for redirections and refuses.
test('the export lines of every start can be pasted into a shell', async () => {
  const root = await mkdtemp(path.join(tmpdir(), "ivory's banner "));
  try {
    const { config } = readConfig({ IVORY_DATA_DIR: root });
    const directory = await prepareDataDirectory(root);
    const { key } = await loadRootAccessKey(directory, randomBytes);
    const rootKeyPath = directory.rootAccessKey;
    const { accessKeyId, secretAccessKey } = key;
    const expected = ['http://127.0.0.1:8080', 'us-east-1', accessKeyId, secretAccessKey];

    const first = banner(started({ rootKey: key, rootKeyPath, isRootKeyNew: true }), config);
    assert.deepEqual(pasted(first), expected);

    const second = banner(started({ rootKey: key, rootKeyPath, isRootKeyNew: false }), config);
    assert.ok(!second.includes(secretAccessKey), 'the secret is shown once');
    assert.deepEqual(pasted(second), expected);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('the secret that the operator configured is taken from where it was', () => {
  const rootKey = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'asecret/of+theirs' };
  const secret = { IVORY_ROOT_SECRET_ACCESS_KEY: 'asecret/of+theirs' };
  const { config } = readConfig({ IVORY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, ...secret });
  const text = banner(started({ rootKey, rootKeyPath: '', isRootKeyNew: false }), config);
  assert.equal(pasted(text, secret)[3], secret.IVORY_ROOT_SECRET_ACCESS_KEY);
});
