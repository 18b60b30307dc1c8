import { parseArn } from './arn.ts';
import type { Tenant } from './tenant.ts';

/** Who calls. */
export interface Principal {
  readonly accountId: string;
  /** The account's own key, which no policy limits. */
  readonly isRoot: boolean;
  /** How AWS names the caller, e.g. `arn:aws:iam::123456789012:root`. */
  readonly arn: string;
}

export interface AccessRequest {
  readonly principal: Principal;
  /** e.g. `ivs:GetStream`. */
  readonly action: string;
  /** What the request names; `*` where it names nothing. */
  readonly resources: readonly string[];
}

/** Root may do everything; whoever is not allowed something by name may do nothing, as IAM has it. */
export function isAllowed({ principal }: AccessRequest): boolean {
  return principal.isRoot;
}

/** Whether an ARN names something of this tenant. Only its text is looked at: nothing may be there. */
export function isOwnArn(arn: string, tenant: Tenant): boolean {
  const parsed = parseArn(arn);
  return parsed?.accountId === tenant.accountId && parsed.region === tenant.region;
}
