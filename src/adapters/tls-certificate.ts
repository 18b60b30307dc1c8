import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import { type Logger, silentLogger } from '../lib/logger.ts';
import { readIfPresent, replaceSecretFile } from './data-directory.ts';
import { workerProgram } from './worker-program.ts';

/** The configured certificate cannot be used. The message is one line. */
export class TlsCertificateError extends Error {
  override name = 'TlsCertificateError';
}

/** As `node:tls` takes it: PEM. */
export interface TlsCertificate {
  readonly cert: string;
  /** A secret. */
  readonly key: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const run = promisify(execFile);

const DAY_MS = 86_400_000;
/** The longest a public certificate may be valid (CA/Browser Forum baseline requirements 6.3.2); clients refuse longer ones. */
const VALID_DAYS = 397;
/** A certificate of our own is made anew when it has less left than this, so that none expires in a running server. */
const RENEW_BEFORE_DAYS = 60;

/**
 * Reads the certificate chain and key that the operator brings.
 *
 * @throws TlsCertificateError where a file can't be read, isn't PEM, isn't valid now, TLS refuses it, or the key is another
 * certificate's
 */
export async function readTlsCertificate(
  { certificatePath, keyPath }: { certificatePath: string; keyPath: string },
  clock: Clock,
): Promise<TlsCertificate> {
  const cert = await readPem(certificatePath);
  const key = await readPem(keyPath);
  const certificate = attempt(
    () => new X509Certificate(cert),
    `cannot use ${certificatePath}: it must be a PEM certificate`,
  );
  const privateKey = attempt(
    () => createPrivateKey(key),
    `cannot use ${keyPath}: it must be a PEM private key without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsCertificateError(`cannot use ${keyPath}: it is not the key of ${certificatePath}`);
  }
  attempt(
    () => createSecureContext({ cert, key }),
    `cannot use ${certificatePath}: TLS refuses the chain or the key`,
  );
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  if (notBeforeMs > clock.nowMs()) {
    throw new TlsCertificateError(
      `cannot use ${certificatePath}: it is valid from ${certificate.validFromDate.toISOString()} on`,
    );
  }
  if (notAfterMs <= clock.nowMs()) {
    throw new TlsCertificateError(
      `cannot use ${certificatePath}: it expired on ${certificate.validToDate.toISOString()}`,
    );
  }
  return { cert, key, notBeforeMs, notAfterMs };
}

/**
 * The server's own self-signed certificate for localhost and `hosts` (names or addresses), kept in the file `path`.
 * Made where there is none, it is about to expire, or it does not name every host.
 */
export async function loadSelfSignedCertificate(
  path: string,
  hosts: readonly string[],
  clock: Clock,
  log: Logger = silentLogger,
): Promise<TlsCertificate> {
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts.map(withoutBrackets)])];
  const file = await readIfPresent(path);
  const kept = parseCombinedPem(file);
  if (kept && isUsable(kept, names, clock.nowMs())) return kept;
  if (file && !kept) {
    log.warn({ path }, 'the TLS certificate is damaged: clients have to trust the new one anew');
  }

  const made = await makeSelfSignedCertificate(names, clock.nowMs());
  // Key and certificate in one file: there is no moment with the key of another.
  await replaceSecretFile(path, Buffer.from(made.key + made.cert));
  return made;
}

/** What `certificate-worker.ts` is given, as JSON. */
export interface CertificateRequest {
  readonly names: readonly { readonly name: string; readonly isAddress: boolean }[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What it answers, as JSON: PEM. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

async function makeSelfSignedCertificate(
  names: readonly string[],
  nowMs: number,
): Promise<TlsCertificate> {
  const request: CertificateRequest = {
    names: names.map((name) => ({ name, isAddress: isAddress(name) })),
    // A day back, for clients whose clock is behind.
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + (VALID_DAYS - 1) * DAY_MS,
  };
  const program = fileURLToPath(workerProgram('certificate-worker', import.meta.url));
  const { stdout } = await run(process.execPath, [program, JSON.stringify(request)]);
  const { cert, key }: MadeCertificate = JSON.parse(stdout);
  const validity = validityOf(new X509Certificate(cert));
  return { cert: withFinalNewline(cert), key: withFinalNewline(key), ...validity };
}

const validityOf = ({ validFromDate, validToDate }: X509Certificate) => ({
  notBeforeMs: validFromDate.getTime(),
  notAfterMs: validToDate.getTime(),
});

function isUsable(
  { cert, notBeforeMs, notAfterMs }: TlsCertificate,
  names: readonly string[],
  nowMs: number,
): boolean {
  const certificate = new X509Certificate(cert);
  return (
    notAfterMs - nowMs >= RENEW_BEFORE_DAYS * DAY_MS &&
    notBeforeMs <= nowMs &&
    names.every((name) =>
      isAddress(name)
        ? certificate.checkIP(name) !== undefined
        : certificate.checkHost(name) !== undefined,
    )
  );
}

/** `undefined` where it is absent or damaged. */
function parseCombinedPem(content: Buffer | undefined): TlsCertificate | undefined {
  const text = content?.toString('utf8') ?? '';
  const [key] =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----\n/s.exec(text) ?? [];
  const [cert] = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n/s.exec(text) ?? [];
  if (!key || !cert) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return { cert, key, ...validityOf(certificate) };
  } catch {
    return undefined;
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new TlsCertificateError(
      `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function attempt<T>(run: () => T, message: string): T {
  try {
    return run();
  } catch (cause) {
    throw new TlsCertificateError(message, { cause });
  }
}

/** Of a URL's hosts. Not `isIP`, whose pattern of IPv6 takes 11 ms of a start to compile. */
const isAddress = (host: string): boolean => host.includes(':') || isIPv4(host);

/** A URL's IPv6 host has brackets, a certificate's address has none. */
const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

const withFinalNewline = (pem: string): string => `${pem.trim().replaceAll('\r\n', '\n')}\n`;
