import { channelView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { findBatch } from '../lookup.ts';
import { operation } from '../operation.ts';
import { batchArns, batchError } from '../shapes/batch.ts';
import { channel } from '../shapes/channel.ts';
import { list, structure } from '../shapes/vocabulary.ts';

export const batchGetChannel = operation({
  name: 'BatchGetChannel',
  method: 'POST',
  uri: '/BatchGetChannel',
  status: 200,
  input: structure({ arns: batchArns('channel') }),
  output: structure({ channels: list(channel), errors: list(batchError) }),
  errors: ['AccessDeniedException', 'ServiceUnavailable', 'ValidationException'],
  async run({ arns }, context: Needs<'tenant' | 'deniedArns' | 'store' | 'endpoints'>) {
    const { store, endpoints } = context;
    const { found, errors } = await findBatch(arns, context, (own) => store.getChannels(own));
    return { channels: found.map((record) => channelView(record, endpoints)), errors };
  },
});
