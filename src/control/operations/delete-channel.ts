import { ApiError } from '../../domain/errors.ts';
import type { Needs } from '../context.ts';
import { notFound, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const deleteChannel = operation({
  name: 'DeleteChannel',
  method: 'POST',
  uri: '/DeleteChannel',
  status: 204,
  input: structure({ arn: resourceArn('channel') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store' | 'live'>) {
    const { store, live } = context;
    await requireChannel(arn, context);
    if (live.hasSession(arn)) {
      throw new ApiError(
        'ConflictException',
        `Channel: ${arn} cannot be deleted while it is live: stop the stream first`,
      );
    }
    if (!(await store.deleteChannel(arn))) throw notFound(arn);
    // An encoder may have been let in while the records were on their way out.
    if (live.hasSession(arn)) await live.stop(arn);
    return {};
  },
});
