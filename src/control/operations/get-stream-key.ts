import { isOwnArn } from '../../domain/access.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { streamKey } from '../shapes/stream-key.ts';
import { structure } from '../shapes/vocabulary.ts';
import { streamKeyView } from '../stream-key-view.ts';

export const getStreamKey = operation({
  name: 'GetStreamKey',
  method: 'POST',
  uri: '/GetStreamKey',
  status: 200,
  input: structure({ arn: resourceArn('stream-key') }),
  output: structure({ streamKey }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ arn }, { tenant, store }: Needs<'tenant' | 'store'>) {
    const record = isOwnArn(arn, tenant) ? await store.getStreamKey(arn) : undefined;
    if (!record) throw notFound(arn);
    return { streamKey: streamKeyView(record) };
  },
});
