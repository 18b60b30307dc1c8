import { resourceArn, resourceName, tags } from './common.ts';
import { boolean, list, optional, structure, text } from './vocabulary.ts';

const allowedCountries = list(text({ minLength: 2, maxLength: 2 }));
const allowedOrigins = list(text({ minLength: 0, maxLength: 128 }));

/** What CreatePlaybackRestrictionPolicy and UpdatePlaybackRestrictionPolicy let a caller set. */
export const playbackRestrictionSettings = {
  allowedCountries: optional(allowedCountries),
  allowedOrigins: optional(allowedOrigins),
  enableStrictOriginEnforcement: optional(boolean()),
  name: optional(resourceName()),
};

/** Its summary has the same members. */
export const playbackRestrictionPolicy = structure({
  arn: resourceArn('playback-restriction-policy'),
  allowedCountries,
  allowedOrigins,
  enableStrictOriginEnforcement: boolean(),
  name: resourceName(),
  tags: tags(),
});
