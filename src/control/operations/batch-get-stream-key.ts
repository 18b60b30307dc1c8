import type { Needs } from '../context.ts';
import { findBatch } from '../lookup.ts';
import { operation } from '../operation.ts';
import { batchArns, batchError } from '../shapes/batch.ts';
import { streamKey } from '../shapes/stream-key.ts';
import { list, structure } from '../shapes/vocabulary.ts';
import { streamKeyView } from '../stream-key-view.ts';

export const batchGetStreamKey = operation({
  name: 'BatchGetStreamKey',
  method: 'POST',
  uri: '/BatchGetStreamKey',
  status: 200,
  input: structure({ arns: batchArns('stream-key') }),
  output: structure({ streamKeys: list(streamKey), errors: list(batchError) }),
  errors: ['AccessDeniedException', 'ServiceUnavailable', 'ValidationException'],
  async run({ arns }, context: Needs<'tenant' | 'deniedArns' | 'store'>) {
    const { store } = context;
    const { found, errors } = await findBatch(arns, context, (own) => store.getStreamKeys(own));
    return { streamKeys: found.map(streamKeyView), errors };
  },
});
