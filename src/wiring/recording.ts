import { BucketDirectory } from '../adapters/bucket-directory.ts';
import type { DataDirectory } from '../adapters/data-directory.ts';
import { ConfiguredBuckets } from '../adapters/recording-buckets.ts';
import { DirectorySpool } from '../adapters/recording-spool.ts';
import { S3Thread } from '../adapters/s3-thread.ts';
import type { Store } from '../adapters/store/sqlite-store.ts';
import { DirectoryObjects } from '../adapters/stored-objects.ts';
import { randomBytes } from '../adapters/system.ts';
import type { Config } from '../config.ts';
import { RecordingDestinations } from '../control/recording-destinations.ts';
import type { ClientAddresses } from '../delivery/client-addresses.ts';
import type { PlaybackAuthorization } from '../delivery/playback-authorization.ts';
import type { CountrySource } from '../delivery/ports.ts';
import { RecordingAccess } from '../delivery/recording-access.ts';
import { recordingRoutes } from '../delivery/recording-routes.ts';
import { SessionIds } from '../delivery/session-ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import { Recorder } from '../recording/recorder.ts';

/** What records, and where to. */
export interface Recording {
  readonly destinations: RecordingDestinations;
  readonly recorder: Recorder;
  /** Whether Ivory itself serves what is in this bucket. */
  readonly isServed: (bucketName: string) => boolean;
}

/** Takes up the checks of destinations and the recordings that the last run left open. `resources` closes what this opens. */
export async function startRecording(options: {
  readonly config: Config;
  readonly directory: DataDirectory;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resources: AsyncDisposableStack;
}): Promise<Recording> {
  const { config, directory, store, clock, log, resources } = options;
  const bucketDirectory = new BucketDirectory(directory.buckets);
  await bucketDirectory.removeTemporaryFiles();
  const isInS3 = (bucketName: string) => isNamed(config.s3.buckets, bucketName);
  const s3 = resources.use(new S3Thread(config.s3));
  const buckets = new ConfiguredBuckets({ directory: bucketDirectory, s3, isInS3 });
  const destinations = resources.use(
    new RecordingDestinations({ store: store.controlStore, buckets, logger: log }),
  );
  await destinations.resume();
  const recorder = resources.use(
    new Recorder({
      spool: new DirectorySpool(directory.spool),
      store: buckets,
      history: store.sessionLog,
      clock,
      random: randomBytes,
      log,
      spoolLimitBytes: config.spoolLimitBytes,
    }),
  );
  await recorder.resume();
  return {
    destinations,
    recorder,
    isServed: (bucketName) => config.recordingPlayback !== 'off' && !isInS3(bucketName),
  };
}

/** Serves what is in buckets that are directories. */
export function recordedPlayback(options: {
  readonly config: Config;
  readonly directory: DataDirectory;
  readonly store: Store;
  readonly authorization: PlaybackAuthorization;
  readonly countries: CountrySource;
  readonly clients: ClientAddresses;
  /** Seals the ids of sessions. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
}): HttpHandler {
  const { config, directory, store, clock, secret } = options;
  if (config.recordingPlayback === 'off') return () => undefined;
  const access = new RecordingAccess({
    ...options,
    channels: store.recordingCatalog,
    records: store.playbackRecords,
    ids: new SessionIds({ key: secret, random: randomBytes, clock }),
  });
  return recordingRoutes(
    new DirectoryObjects(directory.buckets),
    config.recordingPlayback === 'all' ? undefined : access,
  );
}

/** `*` names every bucket. */
const isNamed = (names: readonly string[], bucketName: string): boolean =>
  names.includes(bucketName) || names.includes('*');
