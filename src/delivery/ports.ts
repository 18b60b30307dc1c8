import type { PlaybackRestrictionPolicyRecord } from '../domain/playback-restriction-policy.ts';
import type { Tenant } from '../domain/tenant.ts';

/** The records that decide who may watch. Read when a playback starts, never while it goes on. */
export interface PlaybackRecords {
  /** PEM of each public key that the account has in the region. */
  publicKeys(tenant: Tenant): Promise<readonly string[]>;
  restrictionPolicy(arn: string): Promise<PlaybackRestrictionPolicyRecord | undefined>;
  /** The highest revoked version of a viewer's tokens. */
  revokedVersion(channelArn: string, viewerId: string): Promise<number | undefined>;
  /** Uses up a token, durably. `false`: it has been before. It may be forgotten once it has expired. */
  useToken(token: UsedToken): Promise<boolean>;
}

export interface UsedToken {
  readonly channelArn: string;
  readonly uuid: string;
  readonly expiresAtMs: number;
}

/** Which country an address is in; `undefined` where that is not known. Answers at once. */
export interface CountrySource {
  countryOf(address: string): string | undefined;
}

/** How many views the tenant has, on all of its streams. */
export interface ConcurrentViews {
  countViews(tenant: Tenant): number;
  /** Somebody wants to watch, as which there would be `wanted` views; beyond `limit` there may not be any. */
  observeViews(tenant: Tenant, wanted: number, limit: number): void;
}
