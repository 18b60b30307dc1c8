import type * as v from 'valibot';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type {
  recordingConfiguration,
  recordingConfigurationSummary,
} from './shapes/recording-configuration.ts';

export function recordingConfigurationSummaryView(
  record: RecordingConfigurationRecord,
): v.InferOutput<typeof recordingConfigurationSummary> {
  return {
    arn: record.arn,
    name: record.name,
    destinationConfiguration: { s3: { bucketName: record.bucketName } },
    state: record.state,
    tags: record.tags,
  };
}

export function recordingConfigurationView(
  record: RecordingConfigurationRecord,
): v.InferOutput<typeof recordingConfiguration> {
  const { thumbnailConfiguration: thumbnails, renditionConfiguration: renditions } = record;
  return {
    ...recordingConfigurationSummaryView(record),
    thumbnailConfiguration: { ...thumbnails, storage: [...thumbnails.storage] },
    recordingReconnectWindowSeconds: record.recordingReconnectWindowSeconds,
    renditionConfiguration: { ...renditions, renditions: [...renditions.renditions] },
  };
}
