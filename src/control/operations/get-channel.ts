import { channelView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { channel } from '../shapes/channel.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const getChannel = operation({
  name: 'GetChannel',
  method: 'POST',
  uri: '/GetChannel',
  status: 200,
  input: structure({ arn: resourceArn('channel') }),
  output: structure({ channel }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ arn }, context: Needs<'tenant' | 'store' | 'endpoints'>) {
    return { channel: channelView(await requireChannel(arn, context), context.endpoints) };
  },
});
