import type { Needs } from '../context.ts';
import { deleteResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { configurationArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

/** In whatever state it is; what has been recorded stays. */
export const deleteRecordingConfiguration = operation({
  name: 'DeleteRecordingConfiguration',
  method: 'POST',
  uri: '/DeleteRecordingConfiguration',
  status: 204,
  input: structure({ arn: configurationArn('recording-configuration') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'InternalServerException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    await deleteResource(arn, context.store.recordingConfigurations, context);
    return {};
  },
});
