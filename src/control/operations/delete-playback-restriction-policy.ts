import type { Needs } from '../context.ts';
import { deleteResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const deletePlaybackRestrictionPolicy = operation({
  name: 'DeletePlaybackRestrictionPolicy',
  method: 'POST',
  uri: '/DeletePlaybackRestrictionPolicy',
  status: 204,
  input: structure({ arn: resourceArn('playback-restriction-policy') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    await deleteResource(arn, context.store.playbackRestrictionPolicies, context);
    return {};
  },
});
