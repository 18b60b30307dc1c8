import type { Tags } from './channel.ts';
import { ApiError } from './errors.ts';
import type { Tenant } from './tenant.ts';

export const RECORDING_CONFIGURATION_STATES = ['CREATING', 'CREATE_FAILED', 'ACTIVE'] as const;
export const THUMBNAIL_RECORDING_MODES = ['DISABLED', 'INTERVAL'] as const;
export const THUMBNAIL_STORAGES = ['SEQUENTIAL', 'LATEST'] as const;
export const RENDITION_SELECTIONS = ['ALL', 'NONE', 'CUSTOM'] as const;
export const RENDITIONS = ['SD', 'HD', 'FULL_HD', 'LOWEST_RESOLUTION'] as const;

export type RecordingConfigurationState = (typeof RECORDING_CONFIGURATION_STATES)[number];
type Rendition = (typeof RENDITIONS)[number];

export interface ThumbnailConfiguration {
  readonly recordingMode: (typeof THUMBNAIL_RECORDING_MODES)[number];
  /** With INTERVAL only. */
  readonly targetIntervalSeconds?: number;
  /** Absent: as the source. */
  readonly resolution?: Rendition;
  readonly storage: readonly (typeof THUMBNAIL_STORAGES)[number][];
}

export interface RenditionConfiguration {
  readonly renditionSelection: (typeof RENDITION_SELECTIONS)[number];
  /** Of meaning with CUSTOM only. */
  readonly renditions: readonly Rendition[];
}

/** Where and how the streams of channels are recorded. Immutable, but for its tags and for how its creation goes on. */
export interface RecordingConfigurationRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly state: RecordingConfigurationState;
  readonly bucketName: string;
  readonly recordingReconnectWindowSeconds: number;
  readonly thumbnailConfiguration: ThumbnailConfiguration;
  readonly renditionConfiguration: RenditionConfiguration;
  readonly tags: Tags;
  readonly createdAtMs: number;
}

/** What a caller may set. */
export interface RecordingSettings {
  readonly name?: string;
  readonly destinationConfiguration: { readonly s3?: { readonly bucketName: string } };
  readonly recordingReconnectWindowSeconds?: number;
  readonly thumbnailConfiguration?: Partial<ThumbnailConfiguration>;
  readonly renditionConfiguration?: Partial<RenditionConfiguration>;
}

type RecordingRules = Pick<
  RecordingConfigurationRecord,
  | 'name'
  | 'bucketName'
  | 'recordingReconnectWindowSeconds'
  | 'thumbnailConfiguration'
  | 'renditionConfiguration'
>;

const DEFAULT_INTERVAL_SECONDS = 60;

/** The settings of a new configuration, complete. Throws ValidationException on what no recording could follow. */
export function newRecordingRules(settings: RecordingSettings): RecordingRules {
  const { s3 } = settings.destinationConfiguration;
  if (!s3) refuse('destinationConfiguration.s3 is required: recordings go to a bucket');
  if (!isBucketName(s3.bucketName)) {
    refuse(`'${s3.bucketName}' cannot be the name of a bucket: ${BUCKET_NAME_RULE}`);
  }
  return {
    name: settings.name ?? '',
    bucketName: s3.bucketName,
    recordingReconnectWindowSeconds: settings.recordingReconnectWindowSeconds ?? 0,
    thumbnailConfiguration: thumbnails(settings.thumbnailConfiguration),
    renditionConfiguration: renditions(settings.renditionConfiguration),
  };
}

const BUCKET_NAME_RULE =
  '3 to 63 lower-case letters, digits, hyphens and dots; a letter or digit at both ends, and no two dots in a row';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; so a bucket is never a path. */
export function isBucketName(text: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) && !text.includes('..');
}

function thumbnails({
  recordingMode = 'INTERVAL',
  targetIntervalSeconds,
  resolution,
  storage,
}: Partial<ThumbnailConfiguration> = {}): ThumbnailConfiguration {
  // "This is configurable (and required) only if recordingMode is INTERVAL."
  if (recordingMode === 'DISABLED' && targetIntervalSeconds !== undefined) {
    refuse(
      'thumbnailConfiguration.targetIntervalSeconds can be set with recordingMode INTERVAL only',
    );
  }
  return {
    recordingMode,
    ...(recordingMode === 'INTERVAL' && {
      targetIntervalSeconds: targetIntervalSeconds ?? DEFAULT_INTERVAL_SECONDS,
    }),
    ...(resolution && { resolution }),
    storage: storage && storage.length > 0 ? [...new Set(storage)] : ['SEQUENTIAL'],
  };
}

function renditions({
  renditionSelection = 'ALL',
  renditions = [],
}: Partial<RenditionConfiguration> = {}): RenditionConfiguration {
  // "If CUSTOM is specified, a set of renditions must be specified in the renditions field."
  if (renditionSelection === 'CUSTOM' && renditions.length === 0) {
    refuse('renditionConfiguration.renditions is required with renditionSelection CUSTOM');
  }
  return { renditionSelection, renditions: [...new Set(renditions)] };
}

function refuse(message: string): never {
  throw new ApiError('ValidationException', message);
}
