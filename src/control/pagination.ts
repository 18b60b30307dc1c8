import type { KeyObject } from 'node:crypto';
import { ApiError } from '../domain/errors.ts';
import type { Tenant } from '../domain/tenant.ts';
import { equalInConstantTime, hmacKey, hmacSha256 } from '../protocols/aws/hmac.ts';
import type { PageRequest } from './ports.ts';

/** The listing that a token continues: the same token on another one is refused. */
export interface Listing {
  readonly operation: string;
  readonly tenant: Tenant;
  /** What the caller asked for beside the page; absent members count as not given. */
  readonly filter?: Readonly<Record<string, string | undefined>>;
}

/** 128 bits of the HMAC: a token is good for nothing but going on with one's own listing. */
const MAC_LENGTH_BYTES = 16;

/**
 * The `nextToken` of List operations: base64url of a MAC and the cursor of the store. It is bound to operation, tenant and
 * filter, holds no state, and so survives restarts as long as the key does.
 */
export class PageTokens {
  readonly #key: KeyObject;

  /** `secret`: at least 32 bytes, the same over restarts. */
  constructor(secret: Uint8Array) {
    this.#key = hmacKey(secret);
  }

  /** What to ask the store for. '' is the first page. Throws ValidationException on a token that is not of this listing. */
  read(listing: Listing, nextToken: string | undefined, limit: number): PageRequest {
    if (!nextToken) return { limit };
    const bytes = Buffer.from(nextToken, 'base64url');
    const mac = bytes.subarray(0, MAC_LENGTH_BYTES);
    const after = bytes.subarray(MAC_LENGTH_BYTES).toString('utf8');
    // Decoding base64url is lenient; only the form that `write` gives is a token.
    const isCanonical = bytes.toString('base64url') === nextToken;
    if (!isCanonical || !equalInConstantTime(mac, this.#mac(listing, after))) {
      throw new ApiError('ValidationException', 'The nextToken is not valid for this request');
    }
    return { limit, after };
  }

  /** The member of the reply; nothing on the last page. */
  write(listing: Listing, next: string | undefined): { nextToken?: string } {
    if (next === undefined) return {};
    const bytes = Buffer.concat([this.#mac(listing, next), Buffer.from(next, 'utf8')]);
    return { nextToken: bytes.toString('base64url') };
  }

  #mac({ operation, tenant, filter = {} }: Listing, cursor: string): Uint8Array {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    const statement = [operation, tenant.accountId, tenant.region, given.sort(), cursor];
    return hmacSha256(this.#key, JSON.stringify(statement)).subarray(0, MAC_LENGTH_BYTES);
  }
}
