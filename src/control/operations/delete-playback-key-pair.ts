import type { Needs } from '../context.ts';
import { deleteResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

/** Never in use: the tokens that it verified are refused from now on. */
export const deletePlaybackKeyPair = operation({
  name: 'DeletePlaybackKeyPair',
  method: 'POST',
  uri: '/DeletePlaybackKeyPair',
  status: 200,
  input: structure({ arn: resourceArn('playback-key') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    await deleteResource(arn, context.store.playbackKeyPairs, context);
    return {};
  },
});
