import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingBuckets } from '../control/ports.ts';
import { isBucketName } from '../domain/recording-configuration.ts';

/** Enough that a disk which is full, or answers with something else, is found out. */
const PROBE_BYTE_LENGTH = 4096;

/** Buckets that are directories below one directory. */
export class BucketDirectory implements RecordingBuckets {
  readonly #root: string;

  /** `root`: made when the first bucket is. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the bucket where there is none, mode 0700. A file that a crash left there is named `.ivory-probe-…`. */
  async probe(bucketName: string): Promise<void> {
    const bucket = this.#pathOf(bucketName);
    await mkdir(bucket, { recursive: true, mode: 0o700 });
    const path = join(bucket, `.ivory-probe-${randomUUID()}`);
    const content = randomBytes(PROBE_BYTE_LENGTH);
    try {
      await writeThrough(path, content);
      if (!content.equals(await readFile(path))) {
        throw new Error(`cannot use bucket ${bucketName}: it reads back other than was written`);
      }
    } finally {
      await rm(path, { force: true });
    }
  }

  /** The one way from a name to the file system. */
  #pathOf(bucketName: string): string {
    if (!isBucketName(bucketName)) {
      throw new Error(`cannot use bucket '${bucketName}': that is no name of a bucket`);
    }
    return join(this.#root, bucketName);
  }
}

async function writeThrough(path: string, content: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  await file.sync();
}
