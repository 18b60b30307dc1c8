import {
  newRecordingRules,
  type RecordingConfigurationRecord,
} from '../../domain/recording-configuration.ts';
import type { Needs } from '../context.ts';
import { newResource } from '../new-resource.ts';
import { operation } from '../operation.ts';
import { quotaExceeded } from '../quota-exceeded.ts';
import { recordingConfigurationView } from '../recording-configuration-view.ts';
import { tags } from '../shapes/common.ts';
import { recordingConfiguration, recordingSettings } from '../shapes/recording-configuration.ts';
import { optional, structure } from '../shapes/vocabulary.ts';

type Context = Needs<'tenant' | 'store' | 'random' | 'clock' | 'quotas' | 'recordingDestinations'>;

export const createRecordingConfiguration = operation({
  name: 'CreateRecordingConfiguration',
  method: 'POST',
  uri: '/CreateRecordingConfiguration',
  status: 200,
  input: structure({ ...recordingSettings, tags: optional(tags()) }),
  output: structure({ recordingConfiguration }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'InternalServerException',
    'PendingVerification',
    'ServiceQuotaExceededException',
    'ValidationException',
  ],
  /** Answers CREATING; whether the bucket can be used shows in the state, as soon as that is known. */
  async run({ tags = {}, ...settings }, context: Context) {
    const { store, quotas, recordingDestinations } = context;
    const record: RecordingConfigurationRecord = {
      ...newResource('recording-configuration', tags, context),
      ...newRecordingRules(settings),
      state: 'CREATING',
    };
    const quota = quotas.recordingConfigurations;
    const outcome = await store.recordingConfigurations.create(record, quota);
    if (outcome !== 'created') throw quotaExceeded(quota, 'recording configurations');
    recordingDestinations.check(record);
    return { recordingConfiguration: recordingConfigurationView(record) };
  },
});
