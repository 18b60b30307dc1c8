import type { Needs } from '../context.ts';
import { deleteResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { configurationArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const deleteAdConfiguration = operation({
  name: 'DeleteAdConfiguration',
  method: 'POST',
  uri: '/DeleteAdConfiguration',
  status: 204,
  input: structure({ arn: configurationArn('ad-configuration') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'InternalServerException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    await deleteResource(arn, context.store.adConfigurations, context);
    return {};
  },
});
