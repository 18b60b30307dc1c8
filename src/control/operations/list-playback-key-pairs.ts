import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import { defaultPageSize } from '../page-size.ts';
import { playbackKeyPairSummaryView } from '../playback-key-pair-view.ts';
import { nextToken, paging } from '../shapes/common.ts';
import { playbackKeyPairSummary } from '../shapes/playback-key-pair.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';

export const listPlaybackKeyPairs = operation({
  name: 'ListPlaybackKeyPairs',
  method: 'POST',
  uri: '/ListPlaybackKeyPairs',
  status: 200,
  input: structure(paging(100)),
  output: structure({ keyPairs: list(playbackKeyPairSummary), nextToken: optional(nextToken()) }),
  errors: ['AccessDeniedException', 'ValidationException'],
  async run(
    input,
    { tenant, store, quotas, pageTokens }: Needs<'tenant' | 'store' | 'quotas' | 'pageTokens'>,
  ) {
    const listing = { operation: 'ListPlaybackKeyPairs', tenant };
    const { maxResults = defaultPageSize(quotas.playbackKeyPairs) } = input;
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    const { items, next } = await store.playbackKeyPairs.list(tenant, page);
    return { keyPairs: items.map(playbackKeyPairSummaryView), ...pageTokens.write(listing, next) };
  },
});
