import { isOwnArn } from '../../domain/access.ts';
import { checkPlaybackRestrictions } from '../../domain/playback-restriction-policy.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { playbackRestrictionPolicyView } from '../playback-restriction-policy-view.ts';
import { resourceArn } from '../shapes/common.ts';
import {
  playbackRestrictionPolicy,
  playbackRestrictionSettings,
} from '../shapes/playback-restriction-policy.ts';
import { structure } from '../shapes/vocabulary.ts';

export const updatePlaybackRestrictionPolicy = operation({
  name: 'UpdatePlaybackRestrictionPolicy',
  method: 'POST',
  uri: '/UpdatePlaybackRestrictionPolicy',
  status: 200,
  input: structure({
    arn: resourceArn('playback-restriction-policy'),
    ...playbackRestrictionSettings,
  }),
  output: structure({ playbackRestrictionPolicy }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn, ...settings }, { tenant, store }: Needs<'tenant' | 'store'>) {
    checkPlaybackRestrictions(settings);
    const changed = isOwnArn(arn, tenant)
      ? await store.playbackRestrictionPolicies.update(arn, (current) => ({
          ...current,
          ...settings,
        }))
      : undefined;
    if (!changed) throw notFound(arn);
    return { playbackRestrictionPolicy: playbackRestrictionPolicyView(changed) };
  },
});
