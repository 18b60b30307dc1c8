import type { PlaybackRestrictionPolicyRecord } from '../../domain/playback-restriction-policy.ts';
import { type ResourceKind, resourceFromRow, resourceToRow } from './resource-records.ts';
import { toFlag } from './rows.ts';

export const playbackRestrictionPolicyKind: ResourceKind<
  PlaybackRestrictionPolicyRecord,
  'playback_restriction_policy'
> = {
  table: 'playback_restriction_policy',
  reference: 'playback_restriction_policy_arn',
  toRow: (policy) => ({
    ...resourceToRow(policy),
    allowed_countries: JSON.stringify(policy.allowedCountries),
    allowed_origins: JSON.stringify(policy.allowedOrigins),
    enable_strict_origin_enforcement: toFlag(policy.enableStrictOriginEnforcement),
  }),
  fromRow: (row) => ({
    ...resourceFromRow(row),
    allowedCountries: JSON.parse(row.allowed_countries),
    allowedOrigins: JSON.parse(row.allowed_origins),
    enableStrictOriginEnforcement: row.enable_strict_origin_enforcement === 1,
  }),
};
