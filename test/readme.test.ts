import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isLocalRequest } from '../src/lib/local-request.ts';
import { SETTINGS } from '../src/settings.ts';
import { ROOT } from './support/source-tree.ts';

test("README's configuration table has the rows of config.ts, in its order", () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(IVORY_\w+)` \| (.+?) \| (.+?) \|$/gm)].map(
    ([, name, defaultValue, meaning]) => ({
      name,
      default: defaultValue?.replaceAll('`', ''),
      meaning: meaning?.replaceAll('`', ''),
    }),
  );
  assert.deepEqual(rows, [...SETTINGS]);
});

/** What nginx puts for the variables of the README's block, for a client that asks for a name of this machine. */
const NGINX_VARIABLES: Readonly<Record<string, string>> = {
  $http_host: 'localhost',
  $proxy_add_x_forwarded_for: '192.0.2.1',
};

// Without X-Forwarded-For, /events and /metrics were open to everyone who asked nginx for Host: localhost.
test("README's nginx says that it speaks for others: no client of its is one of this machine", () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const [, block = ''] = /^ *```nginx\n(.+?)```$/ms.exec(readme) ?? [];
  const headers: Record<string, string> = {};
  for (const [, name = '', value = ''] of block.matchAll(/proxy_set_header (\S+) (.+);/g)) {
    const sent = value.startsWith('$') ? NGINX_VARIABLES[value] : value;
    assert.ok(sent !== undefined, `${value} is known here`);
    if (sent !== '""') headers[name.toLowerCase()] = sent;
  }
  const remoteAddress = '127.0.0.1';
  assert.ok(isLocalRequest({ remoteAddress, headers: { host: headers['host'] ?? '' } }));
  assert.equal(isLocalRequest({ remoteAddress, headers }), false);
});
