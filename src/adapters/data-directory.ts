import { randomUUID } from 'node:crypto';
import { access, constants, link, mkdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { RandomBytes } from '../domain/identifiers.ts';
import { syncDirectory, writeDurably } from './durable-files.ts';

/** The directory, or a file of it, cannot be used. The message is one line. */
export class DataDirectoryError extends Error {
  override name = 'DataDirectoryError';
}

/** Absolute paths of what an Ivory keeps. */
export interface DataDirectory {
  readonly path: string;
  readonly database: string;
  readonly rootAccessKey: string;
  readonly serverSecret: string;
  readonly tlsCertificate: string;
  /** A directory for each bucket that recordings go to. */
  readonly buckets: string;
  /** What recordings have that their buckets have not yet. */
  readonly spool: string;
}

export interface AccessKey {
  readonly accessKeyId: string;
  /** A secret. */
  readonly secretAccessKey: string;
}

const SERVER_SECRET_BYTE_LENGTH = 32;
/** What the log of a few transactions takes: with less, nothing can be written down. */
const MIN_FREE_BYTES = 1024 * 1024;

/** Makes the directory where there is none (mode 0700) and sees to it that it can be written to. */
export async function prepareDataDirectory(path: string): Promise<DataDirectory> {
  const root = resolve(path);
  try {
    await makeDirectory(root);
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DataDirectoryError(`cannot use data directory ${root}: ${reason(cause)}`, { cause });
  }
  return Object.freeze({
    path: root,
    database: join(root, 'ivory.db'),
    rootAccessKey: join(root, 'root-access-key.json'),
    serverSecret: join(root, 'server-secret'),
    tlsCertificate: join(root, 'tls.pem'),
    buckets: join(root, 'buckets'),
    spool: join(root, 'spool'),
  });
}

/** Why nothing can be written to the directory at this moment; `undefined`: it can be. */
export async function findWriteObstacle({
  path,
}: Pick<DataDirectory, 'path'>): Promise<string | undefined> {
  try {
    await access(path, constants.W_OK);
    return (await freeBytes({ path })) < MIN_FREE_BYTES
      ? 'the disk of the data directory is full'
      : undefined;
  } catch (error) {
    return `the data directory cannot be written to: ${errorCode(error)}`;
  }
}

/** What its disk has room for. */
export async function freeBytes({ path }: Pick<DataDirectory, 'path'>): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** The account's access key; made at the first start. */
export async function loadRootAccessKey(
  directory: DataDirectory,
  randomBytes: RandomBytes,
): Promise<{ key: AccessKey; isNew: boolean }> {
  const path = directory.rootAccessKey;
  const { content, isNew } = await readOrCreate(path, () =>
    Buffer.from(`${JSON.stringify(newAccessKey(randomBytes), null, 2)}\n`),
  );
  return { key: parseAccessKey(content, path), isNew };
}

/** 32 bytes that sign what only this server must be able to make: session ids, page tokens. */
export async function loadServerSecret(
  directory: DataDirectory,
  randomBytes: RandomBytes,
): Promise<Uint8Array> {
  const path = directory.serverSecret;
  const { content } = await readOrCreate(path, () => randomBytes(SERVER_SECRET_BYTE_LENGTH));
  if (content.length !== SERVER_SECRET_BYTE_LENGTH) {
    throw new DataDirectoryError(
      `cannot use ${path}: it must have ${SERVER_SECRET_BYTE_LENGTH} bytes, got ${content.length}; delete it to get a new one`,
    );
  }
  return content;
}

/** Replaces a file, mode 0600: whoever reads it, and whatever dies in between, sees the old content or the new. */
export async function replaceSecretFile(path: string, content: Uint8Array): Promise<void> {
  await publishFile(path, content, rename);
}

/** Reads a file; `undefined` where there is none. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new DataDirectoryError(`cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** Node's own `recursive` never returns where a file system answers ENOENT for a parent that exists: /proc does. */
async function makeDirectory(path: string): Promise<void> {
  const make = async () => {
    await mkdir(path, { mode: 0o700 }).catch((error) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  };
  try {
    await make();
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await make();
  }
}

async function readOrCreate(
  path: string,
  make: () => Uint8Array,
): Promise<{ content: Buffer; isNew: boolean }> {
  const present = await readIfPresent(path);
  if (present) return { content: present, isNew: false };
  // Of two processes that start at once one creates the file: `link` refuses to replace the winner's.
  const isNew = await publishFile(path, make(), link).then(
    () => true,
    (error) => {
      if (errorCode(error.cause) === 'EEXIST') return false;
      throw error;
    },
  );
  return { content: await readFile(path), isNew };
}

async function publishFile(
  path: string,
  content: Uint8Array,
  publish: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeDurably(temporary, content);
    await publish(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw new DataDirectoryError(`cannot write ${path}: ${reason(cause)}`, { cause });
  } finally {
    await rm(temporary, { force: true });
  }
}

function newAccessKey(randomBytes: RandomBytes): AccessKey {
  // AWS's own shape, which tools check: AKIA and 16 of base 32 (RFC 4648); a secret of 40 characters of base 64.
  const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from(randomBytes(16), (byte) => BASE32.charAt(byte % 32)).join('');
  return {
    accessKeyId: `AKIA${id}`,
    secretAccessKey: Buffer.from(randomBytes(30)).toString('base64'),
  };
}

function parseAccessKey(content: Buffer, path: string): AccessKey {
  try {
    const { accessKeyId, secretAccessKey } = JSON.parse(content.toString('utf8'));
    if (isNonEmptyString(accessKeyId) && isNonEmptyString(secretAccessKey)) {
      return Object.freeze({ accessKeyId, secretAccessKey });
    }
  } catch {
    // Not JSON: the same sentence says so.
  }
  throw new DataDirectoryError(
    `cannot use ${path}: it must be a JSON object with accessKeyId and secretAccessKey; delete it to get a new key`,
  );
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
