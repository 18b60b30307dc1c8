import { parentPort, workerData } from 'node:worker_threads';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { UnreadableFile } from '../domain/unreadable-file.ts';
import { S3Buckets } from './s3-buckets.ts';
import type { S3Reply, S3Request, S3Work } from './s3-protocol.ts';

/**
 * S3 on a thread of its own: a segment of 10 MB is hashed for its checksum and for its signature in one go, which takes some
 * hundredths of a second, and no frame shall wait for them.
 */

const buckets = new S3Buckets(workerData);

function run(work: S3Work): Promise<void> {
  switch (work.kind) {
    case 'probe':
      return buckets.probe(work.bucketName);
    case 'put-bytes':
      return buckets.putBytes(work.bucketName, work.key, work.bytes, work.object);
    case 'put-file':
      return buckets.putFile(work.bucketName, work.key, work.path, work.object);
  }
}

const failureOf = (error: unknown): NonNullable<S3Reply['failure']> => ({
  name: error instanceof Error ? error.name : 'Error',
  message: error instanceof Error ? error.message : String(error),
  isRefused: error instanceof DestinationRefused,
  ...(error instanceof UnreadableFile && { unreadable: factsOf(error) }),
});

const factsOf = ({ path, reason, isLost }: UnreadableFile) => ({ path, reason, isLost });

parentPort?.on('message', ({ id, work }: S3Request) => {
  const reply = (answer: S3Reply) => parentPort?.postMessage(answer);
  run(work).then(
    () => reply({ id }),
    (error: unknown) => reply({ id, failure: failureOf(error) }),
  );
});
