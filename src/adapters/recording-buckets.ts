import type { RecordingBuckets } from '../control/ports.ts';
import type { ObjectKind, ObjectStore } from '../recording/ports.ts';

type Buckets = RecordingBuckets & ObjectStore;

/** Each bucket where the configuration says that it is: in S3, or in a directory. */
export class ConfiguredBuckets implements RecordingBuckets, ObjectStore {
  readonly #directory: Buckets;
  readonly #s3: Buckets;
  readonly #isInS3: (bucketName: string) => boolean;

  constructor(options: {
    readonly directory: Buckets;
    readonly s3: Buckets;
    readonly isInS3: (bucketName: string) => boolean;
  }) {
    this.#directory = options.directory;
    this.#s3 = options.s3;
    this.#isInS3 = options.isInS3;
  }

  probe(bucketName: string): Promise<void> {
    return this.#of(bucketName).probe(bucketName);
  }

  putBytes(bucketName: string, key: string, bytes: Uint8Array, kind: ObjectKind): Promise<void> {
    return this.#of(bucketName).putBytes(bucketName, key, bytes, kind);
  }

  putFile(bucketName: string, key: string, path: string, kind: ObjectKind): Promise<void> {
    return this.#of(bucketName).putFile(bucketName, key, path, kind);
  }

  #of(bucketName: string): Buckets {
    return this.#isInS3(bucketName) ? this.#s3 : this.#directory;
  }
}
