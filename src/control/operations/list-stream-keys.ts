import type { Needs } from '../context.ts';
import { requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { nextToken, paging, resourceArn } from '../shapes/common.ts';
import { streamKeySummary } from '../shapes/stream-key.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';
import { streamKeySummaryView } from '../stream-key-view.ts';

/** "Default: 1." */
const DEFAULT_MAX_RESULTS = 1;

export const listStreamKeys = operation({
  name: 'ListStreamKeys',
  method: 'POST',
  uri: '/ListStreamKeys',
  status: 200,
  input: structure({ channelArn: resourceArn('channel'), ...paging(50) }),
  output: structure({ streamKeys: list(streamKeySummary), nextToken: optional(nextToken()) }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  async run(input, context: Needs<'tenant' | 'store' | 'pageTokens'>) {
    const { tenant, store, pageTokens } = context;
    const { channelArn, maxResults = DEFAULT_MAX_RESULTS } = input;
    const listing = { operation: 'ListStreamKeys', tenant, filter: { channelArn } };
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    await requireChannel(channelArn, context);
    const { items, next } = await store.listStreamKeys(channelArn, page);
    return { streamKeys: items.map(streamKeySummaryView), ...pageTokens.write(listing, next) };
  },
});
