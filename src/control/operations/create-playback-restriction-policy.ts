import {
  checkPlaybackRestrictions,
  PLAYBACK_RESTRICTION_DEFAULTS,
  type PlaybackRestrictionPolicyRecord,
} from '../../domain/playback-restriction-policy.ts';
import type { Needs } from '../context.ts';
import { newResource } from '../new-resource.ts';
import { operation } from '../operation.ts';
import { playbackRestrictionPolicyView } from '../playback-restriction-policy-view.ts';
import { quotaExceeded } from '../quota-exceeded.ts';
import { tags } from '../shapes/common.ts';
import {
  playbackRestrictionPolicy,
  playbackRestrictionSettings,
} from '../shapes/playback-restriction-policy.ts';
import { optional, structure } from '../shapes/vocabulary.ts';

export const createPlaybackRestrictionPolicy = operation({
  name: 'CreatePlaybackRestrictionPolicy',
  method: 'POST',
  uri: '/CreatePlaybackRestrictionPolicy',
  status: 200,
  input: structure({ ...playbackRestrictionSettings, tags: optional(tags()) }),
  output: structure({ playbackRestrictionPolicy }),
  errors: [
    'AccessDeniedException',
    'PendingVerification',
    'ServiceQuotaExceededException',
    'ThrottlingException',
    'ValidationException',
  ],
  async run(
    { tags = {}, ...settings },
    context: Needs<'tenant' | 'store' | 'random' | 'clock' | 'quotas'>,
  ) {
    const { store, quotas } = context;
    checkPlaybackRestrictions(settings);
    const record: PlaybackRestrictionPolicyRecord = {
      ...newResource('playback-restriction-policy', tags, context),
      ...PLAYBACK_RESTRICTION_DEFAULTS,
      ...settings,
    };
    const quota = quotas.playbackRestrictionPolicies;
    const outcome = await store.playbackRestrictionPolicies.create(record, quota);
    if (outcome !== 'created') throw quotaExceeded(quota, 'playback restriction policies');
    return { playbackRestrictionPolicy: playbackRestrictionPolicyView(record) };
  },
});
