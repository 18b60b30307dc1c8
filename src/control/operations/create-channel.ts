import { formatArn } from '../../domain/arn.ts';
import type { ChannelRecord } from '../../domain/channel.ts';
import { newChannelConfiguration } from '../../domain/channel-rules.ts';
import { ApiError } from '../../domain/errors.ts';
import { newResourceId, randomAlphanumeric } from '../../domain/identifiers.ts';
import { checkTags } from '../../domain/tags.ts';
import { channelView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { requireAttachments } from '../lookup.ts';
import { newStreamKey } from '../new-stream-key.ts';
import { operation } from '../operation.ts';
import { channel, channelSettings } from '../shapes/channel.ts';
import { tags } from '../shapes/common.ts';
import { streamKey } from '../shapes/stream-key.ts';
import { optional, structure } from '../shapes/vocabulary.ts';
import { streamKeyView } from '../stream-key-view.ts';

/** As long as the one in IVS's own examples; libsrt takes up to 79. */
const SRT_PASSPHRASE_LENGTH = 69;

type Context = Needs<'tenant' | 'store' | 'random' | 'clock' | 'endpoints' | 'quotas'>;

export const createChannel = operation({
  name: 'CreateChannel',
  method: 'POST',
  uri: '/CreateChannel',
  status: 200,
  input: structure({ ...channelSettings, tags: optional(tags()) }),
  output: structure({ channel, streamKey }),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ServiceQuotaExceededException',
    'ValidationException',
  ],
  async run({ tags = {}, ...settings }, context: Context) {
    const { tenant, store, random, clock, endpoints, quotas } = context;
    checkTags(tags);
    const configuration = newChannelConfiguration(settings);
    requireAttachments(settings);
    const id = newResourceId(random);
    const record: ChannelRecord = {
      ...tenant,
      ...configuration,
      id,
      arn: formatArn({ ...tenant, type: 'channel', id }),
      srtPassphrase: randomAlphanumeric(SRT_PASSPHRASE_LENGTH, random),
      tags,
      createdAtMs: clock.nowMs(),
    };
    const key = newStreamKey(record.arn, {}, context);
    if ((await store.createChannel(record, key, quotas.channels)) === 'quota-exceeded') {
      throw new ApiError(
        'ServiceQuotaExceededException',
        `Cannot create a channel: the quota of ${quotas.channels} channels is reached`,
      );
    }
    return { channel: channelView(record, endpoints), streamKey: streamKeyView(key) };
  },
});
