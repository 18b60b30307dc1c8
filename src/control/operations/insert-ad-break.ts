import { newAdBreak } from '../../domain/ad-configuration.ts';
import { ApiError } from '../../domain/errors.ts';
import { randomAlphanumeric } from '../../domain/identifiers.ts';
import { callRateExceeded } from '../call-rates.ts';
import type { Needs } from '../context.ts';
import { notBroadcasting, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { integer, structure, text } from '../shapes/vocabulary.ts';

/** "InsertAdBreak: 1", IVS service quotas. */
const RATE_PER_SECOND = 1;
const AD_BREAK_ID_LENGTH = 12;

type Context = Needs<'tenant' | 'store' | 'live' | 'random' | 'clock' | 'callRates'>;

export const insertAdBreak = operation({
  name: 'InsertAdBreak',
  method: 'POST',
  uri: '/InsertAdBreak',
  status: 200,
  input: structure({
    channelArn: resourceArn('channel'),
    durationSeconds: integer({ min: 1, max: 300 }),
  }),
  output: structure({
    adBreakId: text({
      minLength: AD_BREAK_ID_LENGTH,
      maxLength: AD_BREAK_ID_LENGTH,
      pattern: /^[a-zA-Z0-9]+$/,
    }),
  }),
  errors: [
    'AccessDeniedException',
    'ChannelNotBroadcasting',
    'ConflictException',
    'InternalServerException',
    'ResourceNotFoundException',
    'ThrottlingException',
    'ValidationException',
  ],
  async run({ channelArn, durationSeconds }, context: Context) {
    const { tenant, store, live, random, clock, callRates } = context;
    if (!callRates.take(`InsertAdBreak ${tenant.accountId} ${tenant.region}`, RATE_PER_SECOND)) {
      throw callRateExceeded('InsertAdBreak', RATE_PER_SECOND, `resource: ${channelArn}`);
    }
    const { adConfigurationArn } = await requireChannel(channelArn, context);
    if (adConfigurationArn === '') {
      throw new ApiError(
        'ValidationException',
        `Channel: ${channelArn} has no ad configuration, which an ad break requires`,
      );
    }
    const stream = live.stream(channelArn);
    if (!stream) throw notBroadcasting(channelArn);
    const id = randomAlphanumeric(AD_BREAK_ID_LENGTH, random);
    const { streamId } = stream;
    const adBreak = newAdBreak({ id, channelArn, streamId, durationSeconds }, clock.nowMs());
    if ((await store.insertAdBreak(adBreak)) === 'in-progress') {
      throw new ApiError(
        'ConflictException',
        `Channel: ${channelArn} has an ad break in progress already`,
      );
    }
    return { adBreakId: id };
  },
});
