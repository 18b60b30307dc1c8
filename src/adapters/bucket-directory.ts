import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecordingBuckets } from '../control/ports.ts';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { isObjectKey } from '../domain/object-key.ts';
import { isBucketName } from '../domain/recording-configuration.ts';
import type { ObjectStore } from '../recording/ports.ts';
import { type FileSystem, syncDirectory, systemFiles, writeDurably } from './durable-files.ts';
import { readSpooledFile } from './spooled-file.ts';

/** Enough that a disk which is full, or answers with something else, is found out. */
const PROBE_BYTE_LENGTH = 4096;

/** Beside the buckets, on their file system: no bucket's name begins with a dot. */
const TEMPORARY = '.tmp';

/** More than recordings write to at a time; looking one up again costs two calls of the file system. */
const MAX_KNOWN_DIRECTORIES = 1000;

/** Buckets that are directories below one directory. */
export class BucketDirectory implements RecordingBuckets, ObjectStore {
  readonly #root: string;
  readonly #files: FileSystem;
  /** Directories that are there, and on disk. */
  readonly #made = new Set<string>();

  /** `root`: made when the first bucket is. */
  constructor(root: string, files = systemFiles) {
    this.#root = root;
    this.#files = files;
  }

  /** Makes the bucket where there is none, mode 0700. A file that a crash left there is named `.ivory-probe-…`. */
  async probe(bucketName: string): Promise<void> {
    const bucket = this.#pathOf(bucketName);
    await this.#files.mkdir(bucket, { recursive: true, mode: 0o700 });
    const path = join(bucket, `.ivory-probe-${randomUUID()}`);
    const content = randomBytes(PROBE_BYTE_LENGTH);
    try {
      await writeDurably(path, content, this.#files);
      if (!content.equals(await this.#files.readFile(path))) {
        throw new Error(`cannot use bucket ${bucketName}: it reads back other than was written`);
      }
    } finally {
      await this.#files.rm(path, { force: true });
    }
  }

  async putBytes(bucketName: string, key: string, bytes: Uint8Array): Promise<void> {
    await this.#put(bucketName, key, (temporary) => writeDurably(temporary, bytes, this.#files));
  }

  /** A second name for the same bytes where file systems can, so that nothing is copied. */
  async putFile(bucketName: string, key: string, path: string): Promise<void> {
    try {
      await this.#put(bucketName, key, async (temporary) => {
        try {
          await this.#files.link(path, temporary);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === 'ENOENT') throw error;
          await this.#copyThrough(path, temporary);
        }
      });
    } catch (error) {
      // The system does not say which of the two paths it was: where the file can't be read, that says so.
      await readSpooledFile(path, this.#files);
      throw error;
    }
  }

  /** What a crash left half written. */
  async removeTemporaryFiles(): Promise<void> {
    await this.#files.rm(join(this.#root, TEMPORARY), { recursive: true, force: true });
  }

  async #put(
    bucketName: string,
    key: string,
    write: (temporary: string) => Promise<void>,
  ): Promise<void> {
    const bucket = this.#pathOf(bucketName);
    if (!isObjectKey(key)) {
      throw new DestinationRefused(`cannot write to bucket ${bucketName}: '${key}' is no key`);
    }
    const path = join(bucket, key);
    const temporary = join(this.#root, TEMPORARY, randomUUID());
    try {
      await this.#make(dirname(temporary));
      await this.#make(dirname(path));
      await write(temporary);
      await this.#files.rename(temporary, path);
      await syncDirectory(dirname(path), this.#files);
    } catch (error) {
      // Somebody may have removed a directory: next time they are looked for again.
      this.#made.clear();
      throw error;
    } finally {
      await this.#files.rm(temporary, { force: true });
    }
  }

  /** The directory and those above it, each on disk in the one above. */
  async #make(directory: string): Promise<void> {
    if (this.#made.has(directory)) return;
    const first = await this.#files.mkdir(directory, { recursive: true, mode: 0o700 });
    if (first !== undefined) {
      for (let path = directory; path.length >= first.length; path = dirname(path)) {
        await syncDirectory(dirname(path), this.#files);
      }
    }
    if (this.#made.size >= MAX_KNOWN_DIRECTORIES) this.#made.clear();
    this.#made.add(directory);
  }

  /** The one way from a name to the file system. */
  #pathOf(bucketName: string): string {
    if (!isBucketName(bucketName)) {
      throw new Error(`cannot use bucket '${bucketName}': that is no name of a bucket`);
    }
    return join(this.#root, bucketName);
  }

  async #copyThrough(from: string, to: string): Promise<void> {
    await this.#files.copyFile(from, to, constants.COPYFILE_EXCL);
    await using file = await this.#files.open(to, 'r+');
    await file.sync();
  }
}
