import { BucketDirectory } from '../adapters/bucket-directory.ts';
import { freeBytes } from '../adapters/data-directory.ts';
import { ConfiguredBuckets } from '../adapters/recording-buckets.ts';
import { DirectorySpool } from '../adapters/recording-spool.ts';
import { S3Thread } from '../adapters/s3-thread.ts';
import { randomBytes } from '../adapters/system.ts';
import { RecordingDestinations } from '../control/recording-destinations.ts';
import { Recorder } from '../recording/recorder.ts';

import type { Foundation } from './foundation.ts';

/** Half a minute of all renditions of one stream: with less, recordings break off soon after they began. */
const MIN_SPOOL_BYTES = 64 * 1024 * 1024;

/** What records, and where to. */
export interface Recording {
  readonly destinations: RecordingDestinations;
  readonly recorder: Recorder;
  /** Whether Ivory itself serves what is in this bucket. */
  readonly isServed: (bucketName: string) => boolean;
}

/** Takes up the checks of destinations and the recordings that the last run left open. */
export async function startRecording(foundation: Foundation): Promise<Recording> {
  const { config, directory, store, clock, log, resources } = foundation;
  const bucketDirectory = new BucketDirectory(directory.buckets);
  await bucketDirectory.removeTemporaryFiles();
  const isInS3 = (bucketName: string) => isNamed(config.s3.buckets, bucketName);
  const s3 = new S3Thread(config.s3);
  const buckets = new ConfiguredBuckets({ directory: bucketDirectory, s3, isInS3 });
  const destinations = resources.use(
    new RecordingDestinations({ store: store.controlStore, buckets, logger: log }),
  );
  // At the end a check that waits for a bucket is cut off, not waited for.
  resources.use(s3);
  resources.defer(() => destinations.stop());
  await destinations.resume();
  const recorder = resources.use(
    new Recorder({
      spool: new DirectorySpool(directory.spool, { log }),
      store: buckets,
      history: store.sessionLog,
      clock,
      random: randomBytes,
      log,
      spoolLimitBytes: config.spoolLimitBytes,
      isDiskFull: () =>
        freeBytes(directory).then(
          (byteLength) => byteLength < MIN_SPOOL_BYTES,
          () => false,
        ),
    }),
  );
  await recorder.resume();
  return {
    destinations,
    recorder,
    isServed: (bucketName) => config.recordingPlayback !== 'off' && !isInS3(bucketName),
  };
}

/** `*` names every bucket. */
const isNamed = (names: readonly string[], bucketName: string): boolean =>
  names.includes(bucketName) || names.includes('*');
