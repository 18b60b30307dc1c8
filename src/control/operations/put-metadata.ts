import { isOwnArn } from '../../domain/access.ts';
import { ApiError } from '../../domain/errors.ts';
import { callRateExceeded } from '../call-rates.ts';
import type { Needs } from '../context.ts';
import { notBroadcasting, notFound, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure, text } from '../shapes/vocabulary.ts';

/** "Metadata payload: 1 KB", and how often: IVS service quotas. */
const MAX_METADATA_BYTES = 1024;
const RATE_PER_CHANNEL = 5;
const RATE_PER_TENANT = 155;

type Context = Needs<'tenant' | 'store' | 'live' | 'callRates'>;

export const putMetadata = operation({
  name: 'PutMetadata',
  method: 'POST',
  uri: '/PutMetadata',
  status: 204,
  input: structure({ channelArn: resourceArn('channel'), metadata: text({ minLength: 1 }) }),
  output: structure({}),
  errors: [
    'AccessDeniedException',
    'ChannelNotBroadcasting',
    'ResourceNotFoundException',
    'ThrottlingException',
    'ValidationException',
  ],
  async run({ channelArn, metadata }, context: Context) {
    const { tenant, live } = context;
    if (Buffer.byteLength(metadata) > MAX_METADATA_BYTES) {
      throw new ApiError('ValidationException', 'Metadata size exceeds payload limit');
    }
    if (!isOwnArn(channelArn, tenant)) throw notFound(channelArn);
    takeCall(channelArn, context);
    if (live.putMetadata(channelArn, metadata)) return {};
    await requireChannel(channelArn, context);
    throw notBroadcasting(channelArn);
  },
});

function takeCall(channelArn: string, { tenant, callRates }: Context): void {
  const { accountId, region } = tenant;
  for (const [key, ratePerSecond, subject] of [
    [`PutMetadata ${channelArn}`, RATE_PER_CHANNEL, `resource: ${channelArn}`],
    [`PutMetadata ${accountId} ${region}`, RATE_PER_TENANT, `account: ${accountId}`],
  ] as const) {
    if (callRates.take(key, ratePerSecond)) continue;
    throw callRateExceeded('PutMetadata', ratePerSecond, subject);
  }
}
