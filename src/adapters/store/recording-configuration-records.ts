import type { Selectable } from 'kysely';
import type { ControlStore } from '../../control/ports.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import type { Database } from './database.ts';
import { type ResourceKind, resourceFromRow, resourceToRow } from './resource-records.ts';
import type { RecordingConfigurationTable } from './schema.ts';

export const recordingConfigurationKind: ResourceKind<
  RecordingConfigurationRecord,
  'recording_configuration'
> = {
  table: 'recording_configuration',
  reference: 'recording_configuration_arn',
  toRow: (configuration) => ({
    ...resourceToRow(configuration),
    state: configuration.state,
    bucket_name: configuration.bucketName,
    recording_reconnect_window_seconds: configuration.recordingReconnectWindowSeconds,
    thumbnail_configuration: JSON.stringify(configuration.thumbnailConfiguration),
    rendition_configuration: JSON.stringify(configuration.renditionConfiguration),
  }),
  fromRow: recordingConfigurationFromRow,
};

export function recordingConfigurationFromRow(
  row: Selectable<RecordingConfigurationTable>,
): RecordingConfigurationRecord {
  return {
    ...resourceFromRow(row),
    state: row.state as RecordingConfigurationRecord['state'],
    bucketName: row.bucket_name,
    recordingReconnectWindowSeconds: row.recording_reconnect_window_seconds,
    thumbnailConfiguration: JSON.parse(row.thumbnail_configuration),
    renditionConfiguration: JSON.parse(row.rendition_configuration),
  };
}

export function creatingRecordingConfigurations(
  database: Database,
): Pick<ControlStore, 'creatingRecordingConfigurations'> {
  return {
    async creatingRecordingConfigurations() {
      const rows = await database.reads
        .selectFrom('recording_configuration')
        .selectAll()
        .where('state', '=', 'CREATING')
        .orderBy('created_at_ms')
        .orderBy('arn')
        .execute();
      return rows.map(recordingConfigurationFromRow);
    },
  };
}
