import type { Needs } from '../context.ts';
import { requireResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { playbackRestrictionPolicyView } from '../playback-restriction-policy-view.ts';
import { resourceArn } from '../shapes/common.ts';
import { playbackRestrictionPolicy } from '../shapes/playback-restriction-policy.ts';
import { structure } from '../shapes/vocabulary.ts';

export const getPlaybackRestrictionPolicy = operation({
  name: 'GetPlaybackRestrictionPolicy',
  method: 'POST',
  uri: '/GetPlaybackRestrictionPolicy',
  status: 200,
  input: structure({ arn: resourceArn('playback-restriction-policy') }),
  output: structure({ playbackRestrictionPolicy }),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    const record = await requireResource(arn, context.store.playbackRestrictionPolicies, context);
    return { playbackRestrictionPolicy: playbackRestrictionPolicyView(record) };
  },
});
