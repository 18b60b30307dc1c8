import { isOwnArn } from '../../domain/access.ts';
import type { Needs } from '../context.ts';
import { notBroadcasting, notFound, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

/** Also disconnects an encoder that is connected and has not gone live yet. */
export const stopStream = operation({
  name: 'StopStream',
  method: 'POST',
  uri: '/StopStream',
  status: 200,
  input: structure({ channelArn: resourceArn('channel') }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ChannelNotBroadcasting',
    'ResourceNotFoundException',
    'StreamUnavailable',
    'ValidationException',
  ],
  async run({ channelArn }, context: Needs<'tenant' | 'store' | 'live'>) {
    if (!isOwnArn(channelArn, context.tenant)) throw notFound(channelArn);
    if (await context.live.stop(channelArn)) return {};
    await requireChannel(channelArn, context);
    throw notBroadcasting(channelArn);
  },
});
