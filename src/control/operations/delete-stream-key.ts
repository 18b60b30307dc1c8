import { isOwnArn } from '../../domain/access.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

/** A stream that runs on the key goes on: the key "can no longer be used to stream" anew. */
export const deleteStreamKey = operation({
  name: 'DeleteStreamKey',
  method: 'POST',
  uri: '/DeleteStreamKey',
  status: 204,
  input: structure({ arn: resourceArn('stream-key') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, { tenant, store }: Needs<'tenant' | 'store'>) {
    const isDeleted = isOwnArn(arn, tenant) && (await store.deleteStreamKey(arn));
    if (!isDeleted) throw notFound(arn);
    return {};
  },
});
