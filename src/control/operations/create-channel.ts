import type { ChannelRecord } from '../../domain/channel.ts';
import { newChannelConfiguration } from '../../domain/channel-rules.ts';
import { randomAlphanumeric } from '../../domain/identifiers.ts';
import { channelView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { attachmentGone, requireAttachments } from '../lookup.ts';
import { newResource } from '../new-resource.ts';
import { newStreamKey } from '../new-stream-key.ts';
import { operation } from '../operation.ts';
import { quotaExceeded } from '../quota-exceeded.ts';
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
    const { store, random, endpoints, quotas } = context;
    const configuration = newChannelConfiguration(settings);
    const record: ChannelRecord = {
      ...newResource('channel', tags, context),
      ...configuration,
      srtPassphrase: randomAlphanumeric(SRT_PASSPHRASE_LENGTH, random),
    };
    await requireAttachments(settings, context);
    const key = newStreamKey(record.arn, {}, context);
    const outcome = await store.createChannel(record, key, quotas.channels);
    switch (outcome) {
      case 'created':
        return { channel: channelView(record, endpoints), streamKey: streamKeyView(key) };
      case 'attachment-gone':
        throw attachmentGone();
      case 'quota-exceeded':
        throw quotaExceeded(quotas.channels, 'channels');
    }
  },
});
