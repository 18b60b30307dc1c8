import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkServerIdentity, connect, createServer } from 'node:tls';
import { systemClock } from './system.ts';
import {
  loadSelfSignedCertificate,
  readTlsCertificate,
  TlsCertificateError,
} from './tls-certificate.ts';

const DAY_MS = 86_400_000;
const clockAt = (nowMs: number) => ({ ...systemClock, nowMs: () => nowMs });

async function makeDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'ivory-tls-'));
  return {
    path,
    file: join(path, 'tls.pem'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

test('loadSelfSignedCertificate() serves a client that trusts it, by every name', async () => {
  await using directory = await makeDirectory();
  const hosts = ['ivory.example', '[2001:db8::7]', '192.0.2.7'];
  const { cert, key } = await loadSelfSignedCertificate(directory.file, hosts, systemClock);
  const server = createServer({ cert, key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ca: cert });
  await once(socket, 'secureConnect');
  assert.equal(socket.authorized, true);
  for (const name of ['localhost', '::1', 'ivory.example', '2001:db8::7', '192.0.2.7']) {
    assert.equal(checkServerIdentity(name, socket.getPeerCertificate()), undefined);
  }
  assert.ok(checkServerIdentity('other.example', socket.getPeerCertificate()));
  socket.destroy();
  server.close();
});

test('loadSelfSignedCertificate() keeps its certificate, for the owner alone', async () => {
  await using directory = await makeDirectory();
  const made = await loadSelfSignedCertificate(directory.file, ['a.example'], systemClock);
  assert.deepEqual(
    await loadSelfSignedCertificate(directory.file, ['a.example'], systemClock),
    made,
  );
  assert.equal((await stat(directory.file)).mode & 0o777, 0o600);
  assert.equal(new X509Certificate(made.cert).validToDate.getTime(), made.notAfterMs);
});

test('loadSelfSignedCertificate() makes a new one before the old expires, for a new host, and for a damaged file', async () => {
  await using directory = await makeDirectory();
  const nowMs = systemClock.nowMs();
  const load = (host: string, atMs: number) =>
    loadSelfSignedCertificate(directory.file, [host], clockAt(atMs));

  const first = await load('a.example', nowMs);
  assert.deepEqual(await load('a.example', nowMs + 300 * DAY_MS), first);
  const renewed = await load('a.example', nowMs + 340 * DAY_MS);
  assert.notEqual(renewed.cert, first.cert);
  assert.ok(renewed.notAfterMs > first.notAfterMs);

  const otherHost = await load('b.example', nowMs + 340 * DAY_MS);
  assert.notEqual(otherHost.cert, renewed.cert);

  for (const damage of ['', otherHost.cert, renewed.key + otherHost.cert]) {
    await writeFile(directory.file, damage);
    const repaired = await load('b.example', nowMs + 340 * DAY_MS);
    assert.deepEqual(await load('b.example', nowMs + 340 * DAY_MS), repaired);
  }
});

test('readTlsCertificate() reads the files of the operator', async () => {
  await using directory = await makeDirectory();
  const own = await loadSelfSignedCertificate(directory.file, [], systemClock);
  const paths = {
    certificatePath: join(directory.path, 'c.pem'),
    keyPath: join(directory.path, 'k.pem'),
  };
  await writeFile(paths.certificatePath, own.cert);
  await writeFile(paths.keyPath, own.key);
  assert.deepEqual(await readTlsCertificate(paths, systemClock), own);
});

test('readTlsCertificate() names the file that cannot be used, and the reason', async () => {
  await using directory = await makeDirectory();
  const other = await loadSelfSignedCertificate(join(directory.path, 'o.pem'), [], systemClock);
  const own = await loadSelfSignedCertificate(directory.file, [], systemClock);
  const certificatePath = join(directory.path, 'c.pem');
  const keyPath = join(directory.path, 'k.pem');
  await writeFile(certificatePath, own.cert);
  await writeFile(keyPath, own.key);
  const refuses = (paths: { certificatePath?: string; keyPath?: string }, message: RegExp) =>
    assert.rejects(
      readTlsCertificate({ certificatePath, keyPath, ...paths }, systemClock),
      (error) => {
        assert.ok(error instanceof TlsCertificateError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n|BEGIN/);
        return true;
      },
    );

  await refuses({ certificatePath: '/nowhere.pem' }, /^cannot read \/nowhere\.pem: ENOENT/);
  await refuses({ certificatePath: keyPath }, /k\.pem: it must be a PEM certificate$/);
  await refuses({ keyPath: certificatePath }, /c\.pem: it must be a PEM private key/);
  const otherKeyPath = join(directory.path, 'other-key.pem');
  await writeFile(otherKeyPath, other.key);
  await refuses({ keyPath: otherKeyPath }, /other-key\.pem: it is not the key of .*c\.pem$/);
  await assert.rejects(
    readTlsCertificate({ certificatePath, keyPath }, clockAt(own.notAfterMs)),
    /c\.pem: it expired on \d{4}-/,
  );
  await assert.rejects(
    readTlsCertificate({ certificatePath, keyPath }, clockAt(own.notBeforeMs - 1)),
    /c\.pem: it is valid from \d{4}-.* on$/,
  );
  await writeFile(certificatePath, `${own.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END`);
  await refuses({}, /c\.pem: TLS refuses the chain or the key$/);
});
