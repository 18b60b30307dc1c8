import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredObject, StoredObjects } from '../delivery/recording-routes.ts';

/** Longer ones are media, which nobody replaces: they are sent as they are read. */
const AT_ONCE_BYTE_LENGTH = 256 * 1024;

/** What is replaced while the recording grows: read as a whole, whatever its length. */
const REPLACED = /\.(m3u8|json|jpg)$/;

/** Objects of buckets that are directories below `root`. Names and keys were checked by whoever asks. */
export class DirectoryObjects implements StoredObjects {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async find(bucketName: string, key: string): Promise<StoredObject | undefined> {
    const path = join(this.#root, bucketName, key);
    try {
      const { size, isFile } = await stat(path).then((stats) => ({
        size: stats.size,
        isFile: stats.isFile(),
      }));
      if (!isFile) return undefined;
      if (REPLACED.test(key) || size <= AT_ONCE_BYTE_LENGTH) return wholeOf(await readFile(path));
      return {
        byteLength: size,
        read: (first, last) => streamOf(path, first, last),
      };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}

const wholeOf = (bytes: Uint8Array): StoredObject => ({
  byteLength: bytes.byteLength,
  read: (first, last) => bytes.subarray(first, last + 1),
});

/** Opened when it is first read from: a reply to HEAD never is. */
async function* streamOf(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { start, end });
}
