import { isOwnArn } from '../../domain/access.ts';
import { ApiError } from '../../domain/errors.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { newStreamKey } from '../new-stream-key.ts';
import { operation } from '../operation.ts';
import { resourceArn, tags } from '../shapes/common.ts';
import { streamKey } from '../shapes/stream-key.ts';
import { optional, structure } from '../shapes/vocabulary.ts';
import { streamKeyView } from '../stream-key-view.ts';

export const createStreamKey = operation({
  name: 'CreateStreamKey',
  method: 'POST',
  uri: '/CreateStreamKey',
  status: 200,
  input: structure({ channelArn: resourceArn('channel'), tags: optional(tags()) }),
  output: structure({ streamKey }),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ServiceQuotaExceededException',
    'ValidationException',
  ],
  async run({ channelArn, tags = {} }, context: Needs<'tenant' | 'store' | 'random' | 'clock'>) {
    const record = newStreamKey(channelArn, tags, context);
    if (!isOwnArn(channelArn, context.tenant)) throw notFound(channelArn);
    const outcome = await context.store.createStreamKey(record);
    switch (outcome) {
      case 'created':
        return { streamKey: streamKeyView(record) };
      case 'channel-not-found':
        throw notFound(channelArn);
      case 'quota-exceeded':
        throw new ApiError(
          'ServiceQuotaExceededException',
          `Cannot create a stream key: channel ${channelArn} has its one stream key already`,
        );
    }
  },
});
