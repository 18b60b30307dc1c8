import type { Tags } from './channel.ts';
import { type RandomBytes, randomAlphanumeric } from './identifiers.ts';
import type { Tenant } from './tenant.ts';

export interface StreamKeyRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly channelArn: string;
  /** A secret. */
  readonly value: string;
  readonly tags: Tags;
  readonly createdAtMs: number;
}

/**
 * `sk_<region>_<12>_<30>`, letters and digits only between the underscores: the IVS web broadcast SDK refuses any
 * key outside `[A-Za-z0-9_-]`.
 */
export function newStreamKeyValue(region: string, random: RandomBytes): string {
  return `sk_${region}_${randomAlphanumeric(12, random)}_${randomAlphanumeric(30, random)}`;
}
