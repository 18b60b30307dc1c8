import type { Tags } from './channel.ts';
import { COUNTRY_CODES } from './countries.ts';
import { ApiError } from './errors.ts';
import { isOriginPattern } from './origin-pattern.ts';
import type { Tenant } from './tenant.ts';

export interface PlaybackRestrictionPolicyRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  /** ISO 3166-1 alpha-2; none means all. */
  readonly allowedCountries: readonly string[];
  /** As browsers send them in `Origin`, the host maybe with a leading `*.`; none means all. */
  readonly allowedOrigins: readonly string[];
  readonly enableStrictOriginEnforcement: boolean;
  readonly tags: Tags;
  readonly createdAtMs: number;
}

/** What a caller may set; a member that is absent keeps its value, or takes its default. */
export type PlaybackRestrictionSettings = Partial<
  Pick<
    PlaybackRestrictionPolicyRecord,
    'name' | 'allowedCountries' | 'allowedOrigins' | 'enableStrictOriginEnforcement'
  >
>;

export const PLAYBACK_RESTRICTION_DEFAULTS: Required<PlaybackRestrictionSettings> = {
  name: '',
  allowedCountries: [],
  allowedOrigins: [],
  enableStrictOriginEnforcement: false,
};

/** Per policy, not adjustable: https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html */
const MAX_COUNTRIES = 200;
const MAX_ORIGINS = 5;

/** Throws ValidationException where the lists are too long, or an item is no country or no origin. */
export function checkPlaybackRestrictions(settings: PlaybackRestrictionSettings): void {
  const { allowedCountries = [], allowedOrigins = [] } = settings;
  checkCount('allowedCountries', allowedCountries.length, MAX_COUNTRIES);
  checkCount('allowedOrigins', allowedOrigins.length, MAX_ORIGINS);
  for (const country of allowedCountries) {
    if (COUNTRY_CODES.has(country)) continue;
    refuse(`allowedCountries takes officially assigned ISO 3166-1 alpha-2 codes: got '${country}'`);
  }
  for (const origin of allowedOrigins) {
    if (isOriginPattern(origin)) continue;
    refuse(
      `allowedOrigins takes origins such as https://example.com or https://*.example.com: got '${origin}'`,
    );
  }
}

function checkCount(member: string, count: number, max: number): void {
  if (count > max) refuse(`${member} takes at most ${max} items: got ${count}`);
}

function refuse(message: string): never {
  throw new ApiError('ValidationException', message);
}
