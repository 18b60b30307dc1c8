import type { Needs } from '../context.ts';
import { requireResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { recordingConfigurationView } from '../recording-configuration-view.ts';
import { configurationArn } from '../shapes/common.ts';
import { recordingConfiguration } from '../shapes/recording-configuration.ts';
import { structure } from '../shapes/vocabulary.ts';

export const getRecordingConfiguration = operation({
  name: 'GetRecordingConfiguration',
  method: 'POST',
  uri: '/GetRecordingConfiguration',
  status: 200,
  input: structure({ arn: configurationArn('recording-configuration') }),
  output: structure({ recordingConfiguration }),
  errors: [
    'AccessDeniedException',
    'InternalServerException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    const record = await requireResource(arn, context.store.recordingConfigurations, context);
    return { recordingConfiguration: recordingConfigurationView(record) };
  },
});
