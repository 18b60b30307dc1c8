import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Clock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { CertificateKeeper, type CertificateSource } from './certificate-keeper.ts';
import { systemClock } from './system.ts';
import { loadSelfSignedCertificate, TlsCertificateError } from './tls-certificate.ts';

const DAY_MS = 86_400_000;

/**
 * Looks at files a hundred times a second, and waits for a hundredth of the time. Its half days do not pass: a look at both files
 * at such a moment would find one of them renewed.
 */
const QUICK_CLOCK: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs(),
  every: (intervalMs, run) => (intervalMs > 60_000 ? () => {} : systemClock.every(10, run)),
  after: (delayMs, run) => systemClock.after(delayMs / 100, run),
};

async function folder(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'ivory-keeper-'));
  const resources = new AsyncDisposableStack();
  t.after(() => resources.disposeAsync());
  resources.defer(() => rm(path, { recursive: true }));
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  const write = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
    for (const wake of waiting.splice(0)) wake();
  };
  const until = async (expected: RegExp) => {
    while (!lines.some((line) => expected.test(line))) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const log = {
    ...silentLogger,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const certificatePath = join(path, 'cert.pem');
  const keyPath = join(path, 'key.pem');
  let made = 0;
  /** A certificate of 397 days, made so many days ago. */
  const make = (agoDays = 0) => {
    const madeAtMs = systemClock.nowMs() - agoDays * DAY_MS;
    const clock = { ...systemClock, nowMs: () => madeAtMs };
    return loadSelfSignedCertificate(join(path, `${made++}.pem`), [], clock);
  };
  const replace = async (file: string, content: string) => {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  };
  const start = async (clock: Clock, source: CertificateSource) => {
    return resources.use(await CertificateKeeper.start({ source, clock, log }));
  };
  return { path, lines, until, certificatePath, keyPath, make, replace, start };
}

test('CertificateKeeper takes over what the operator renews, once both files are there', async (t) => {
  const { certificatePath, keyPath, make, replace, start, lines, until } = await folder(t);
  const [first, second] = [await make(), await make()];
  await replace(certificatePath, first.cert);
  await replace(keyPath, first.key);
  const keeper = await start(QUICK_CLOCK, { certificatePath, keyPath });
  assert.equal(keeper.certificate.cert, first.cert);
  const heard: string[] = [];
  keeper.onRenewed(({ cert }) => heard.push(cert));
  await replace(keyPath, second.key);
  await replace(certificatePath, second.cert);
  await until(/took over/);
  assert.deepEqual(heard, [second.cert]);
  assert.equal(keeper.certificate.key, second.key);
  assert.deepEqual(lines, ['info took over a renewed TLS certificate']);
});

test('CertificateKeeper keeps what it has where the renewal can’t be used, and takes the next one', async (t) => {
  const { certificatePath, keyPath, make, replace, start, lines, until } = await folder(t);
  const [first, expired, third] = [await make(), await make(500), await make()];
  await replace(certificatePath, first.cert);
  await replace(keyPath, first.key);
  const keeper = await start(QUICK_CLOCK, { certificatePath, keyPath });
  const renewAndHear = async (change: () => Promise<unknown>, expected: RegExp) => {
    lines.length = 0;
    await change();
    await until(expected);
    assert.equal(keeper.certificate.cert, first.cert);
  };
  await renewAndHear(
    () => replace(certificatePath, 'half a certif'),
    /^error the TLS certificate stays as it was: cannot use .*cert\.pem: it must be a PEM/,
  );
  await renewAndHear(
    () => replace(certificatePath, third.cert),
    /stays as it was: cannot use .*key\.pem: it is not the key of/,
  );
  await renewAndHear(() => rm(certificatePath), /stays as it was: cannot read .*cert\.pem: ENOENT/);
  await renewAndHear(async () => {
    await replace(certificatePath, expired.cert);
    await replace(keyPath, expired.key);
  }, /stays as it was: cannot use .*cert\.pem: it expired on/);
  lines.length = 0;
  await replace(certificatePath, third.cert);
  await replace(keyPath, third.key);
  await until(/took over/);
  assert.equal(keeper.certificate.cert, third.cert);
});

test('CertificateKeeper makes our own certificate anew before it expires', async (t) => {
  const { path, start, lines, until } = await folder(t);
  const clock = new FakeClock();
  const source = { ownPath: join(path, 'tls.pem'), hosts: ['ivory.example'] };
  const keeper = await start(clock, source);
  const first = keeper.certificate;
  clock.advance(330 * DAY_MS);
  await keeper.renew();
  assert.equal(keeper.certificate.cert, first.cert);
  clock.advance(10 * DAY_MS);
  await until(/took over/);
  assert.ok(keeper.certificate.notAfterMs > first.notAfterMs);
  assert.ok(lines.every((line) => line === 'info took over a renewed TLS certificate'));
});

// Clients that were told to trust the old one refuse the new one, and nobody knew why.
test('CertificateKeeper says that it makes our own certificate anew because the file is damaged', async (t) => {
  const { path, start, lines, replace } = await folder(t);
  const source = { ownPath: join(path, 'tls.pem'), hosts: [] };
  await start(new FakeClock(), source);
  assert.deepEqual(lines, [], 'there was none');
  await replace(source.ownPath, 'garbage');
  await start(new FakeClock(), source);
  await start(new FakeClock(), source);
  assert.deepEqual(lines, [
    'warn the TLS certificate is damaged: clients have to trust the new one anew',
  ]);
});

test('CertificateKeeper warns before the operator’s certificate expires, and when it has', async (t) => {
  const { certificatePath, keyPath, make, replace, start, lines } = await folder(t);
  const own = await make();
  await replace(certificatePath, own.cert);
  await replace(keyPath, own.key);
  const clock = new FakeClock(systemClock.nowMs());
  const keeper = await start(clock, { certificatePath, keyPath });
  clock.setWall(own.notAfterMs - 15 * DAY_MS);
  await keeper.renew();
  assert.deepEqual(lines, []);
  clock.setWall(own.notAfterMs - 13 * DAY_MS);
  await keeper.renew();
  assert.deepEqual(lines, ['warn the TLS certificate expires soon and was not renewed']);
  clock.setWall(own.notAfterMs);
  await keeper.renew();
  assert.match(
    lines.slice(1).join('\n'),
    /stays as it was: .* it expired on .*\nerror .*expired: clients refuse it/,
  );
});

test('CertificateKeeper does not start without a certificate that can be used', async (t) => {
  const { certificatePath, keyPath, start } = await folder(t);
  await assert.rejects(start(QUICK_CLOCK, { certificatePath, keyPath }), TlsCertificateError);
});
