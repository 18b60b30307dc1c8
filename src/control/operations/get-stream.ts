import type * as v from 'valibot';
import type { Needs } from '../context.ts';
import { notBroadcasting, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { stream } from '../shapes/stream.ts';
import { structure } from '../shapes/vocabulary.ts';
import { streamView } from '../stream-view.ts';

const output = structure({ stream });
type Context = Needs<'tenant' | 'store' | 'live' | 'endpoints'>;

export const getStream = operation({
  name: 'GetStream',
  method: 'POST',
  uri: '/GetStream',
  status: 200,
  input: structure({ channelArn: resourceArn('channel') }),
  output,
  errors: [
    'AccessDeniedException',
    'ChannelNotBroadcasting',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  /** Polled by everybody: a live channel is answered from memory, at once. */
  run({ channelArn }, context: Context) {
    const { tenant, live, endpoints } = context;
    const current = live.stream(channelArn);
    if (current?.accountId === tenant.accountId && current.region === tenant.region) {
      return { stream: streamView(current, endpoints) };
    }
    return refuseOffline(channelArn, context);
  },
});

async function refuseOffline(
  channelArn: string,
  context: Context,
): Promise<v.InferOutput<typeof output>> {
  await requireChannel(channelArn, context);
  throw notBroadcasting(channelArn);
}
