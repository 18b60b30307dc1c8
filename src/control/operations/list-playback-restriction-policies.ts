import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import { playbackRestrictionPolicyView } from '../playback-restriction-policy-view.ts';
import { nextToken, paging } from '../shapes/common.ts';
import { playbackRestrictionPolicy } from '../shapes/playback-restriction-policy.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';

/** "Default: 1." */
const DEFAULT_MAX_RESULTS = 1;

export const listPlaybackRestrictionPolicies = operation({
  name: 'ListPlaybackRestrictionPolicies',
  method: 'POST',
  uri: '/ListPlaybackRestrictionPolicies',
  status: 200,
  input: structure(paging(100)),
  output: structure({
    playbackRestrictionPolicies: list(playbackRestrictionPolicy),
    nextToken: optional(nextToken()),
  }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ValidationException',
  ],
  async run(input, { tenant, store, pageTokens }: Needs<'tenant' | 'store' | 'pageTokens'>) {
    const listing = { operation: 'ListPlaybackRestrictionPolicies', tenant };
    const { maxResults = DEFAULT_MAX_RESULTS } = input;
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    const { items, next } = await store.playbackRestrictionPolicies.list(tenant, page);
    return {
      playbackRestrictionPolicies: items.map(playbackRestrictionPolicyView),
      ...pageTokens.write(listing, next),
    };
  },
});
