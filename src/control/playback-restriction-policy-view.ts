import type * as v from 'valibot';
import type { PlaybackRestrictionPolicyRecord } from '../domain/playback-restriction-policy.ts';
import type { playbackRestrictionPolicy } from './shapes/playback-restriction-policy.ts';

export function playbackRestrictionPolicyView(
  record: PlaybackRestrictionPolicyRecord,
): v.InferOutput<typeof playbackRestrictionPolicy> {
  return {
    arn: record.arn,
    allowedCountries: [...record.allowedCountries],
    allowedOrigins: [...record.allowedOrigins],
    enableStrictOriginEnforcement: record.enableStrictOriginEnforcement,
    name: record.name,
    tags: record.tags,
  };
}
