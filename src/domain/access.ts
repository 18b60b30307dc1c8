import { parseArn } from './arn.ts';
import type { RequestContext } from './iam/condition.ts';
import { isAllowedBy, type Policy } from './iam/policy.ts';
import type { Tenant } from './tenant.ts';

/** Who calls. */
export interface Principal {
  readonly accountId: string;
  /** The account's own key, which no policy limits. */
  readonly isRoot: boolean;
  /** How AWS names the caller, e.g. `arn:aws:iam::123456789012:user/ann`. */
  readonly arn: string;
  /** `aws:username`; root has none. */
  readonly userName?: string;
  readonly policies: readonly Policy[];
}

export interface AccessRequest {
  readonly principal: Principal;
  /** e.g. `ivs:GetStream`. */
  readonly action: string;
  /** An ARN, or `*` where the action has no resource. */
  readonly resource: string;
  readonly context: RequestContext;
}

export function rootOf(accountId: string): Principal {
  return { accountId, isRoot: true, arn: `arn:aws:iam::${accountId}:root`, policies: [] };
}

export function userOf(
  accountId: string,
  userName: string,
  policies: readonly Policy[],
): Principal {
  const arn = `arn:aws:iam::${accountId}:user/${userName}`;
  return { accountId, isRoot: false, arn, userName, policies };
}

/** Root may do everything; others what their policies allow, and do not deny, by name. */
export function isAllowed({ principal, ...request }: AccessRequest): boolean {
  return principal.isRoot || isAllowedBy(principal.policies, request);
}

/** Whether an ARN names something of this tenant. Only its text is looked at: nothing may be there. */
export function isOwnArn(arn: string, tenant: Tenant): boolean {
  const parsed = parseArn(arn);
  return parsed?.accountId === tenant.accountId && parsed.region === tenant.region;
}
