import { isAllowed, isOwnArn, type Principal } from '../domain/access.ts';
import type { Tags } from '../domain/channel.ts';
import { ApiError } from '../domain/errors.ts';
import type { RequestContext } from '../domain/iam/condition.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import { resourcesOf } from './action-resources.ts';
import type { ControlStore } from './ports.ts';

export interface AuthorizationRequest {
  readonly principal: Principal;
  readonly tenant: Tenant;
  readonly operationName: string;
  /** The input as it came: nothing of it is checked yet. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly http: Pick<HttpRequest, 'headers' | 'remoteAddress' | 'isEncrypted'>;
}

interface Services {
  readonly store: Pick<ControlStore, 'getTags'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** ARNs of a batch that the caller may not use. */
export type DeniedArns = ReadonlySet<string>;

const NONE: DeniedArns = new Set([]);

export const accessDenied = (principalArn: string, operationName: string, resource: string) =>
  actionDenied(principalArn, `ivs:${operationName}`, resource);

const actionDenied = (principalArn: string, action: string, resource: string) =>
  new ApiError(
    'AccessDeniedException',
    `User: ${principalArn} is not authorized to perform: ${action} on resource: ${resource}`,
  );

/** The same for an action that has no resource, of whatever service: `cloudwatch:GetMetricData`. */
export function authorizeAction(
  request: Omit<AuthorizationRequest, 'operationName' | 'raw'> & { readonly action: string },
  clock: Pick<Clock, 'nowMs'>,
): void {
  const { principal, action } = request;
  const context = contextOf({ ...request, raw: {} }, {}, clock.nowMs());
  if (isAllowed({ principal, action, resource: '*', context })) return;
  throw actionDenied(principal.arn, action, '*');
}

/**
 * Throws AccessDeniedException where the caller may not do what it asks. A batch is refused as a whole only where all of it
 * is denied: what is left of it is done, and the rest returned. Synchronous for root.
 */
export function authorize(
  request: AuthorizationRequest,
  services: Services,
): DeniedArns | Promise<DeniedArns> {
  return request.principal.isRoot ? NONE : authorizeUser(request, services);
}

async function authorizeUser(
  request: AuthorizationRequest,
  { store, clock }: Services,
): Promise<DeniedArns> {
  const { principal, tenant, operationName, raw } = request;
  const action = `ivs:${operationName}`;
  const resources = resourcesOf(operationName, raw, tenant);
  const readsTags = principal.policies.some(({ readsResourceTags }) => readsResourceTags);
  const nowMs = clock.nowMs();
  const denied = new Set<string>();
  for (const resource of resources) {
    const tags =
      readsTags && isOwnArn(resource, tenant) ? await store.getTags(resource) : undefined;
    const context = contextOf(request, tags ?? {}, nowMs);
    if (!isAllowed({ principal, action, resource, context })) denied.add(resource);
  }
  const [first] = denied;
  if (first === undefined) return NONE;
  if (operationName.startsWith('Batch') && denied.size < resources.length) return denied;
  throw accessDenied(principal.arn, operationName, first);
}

/** Tags longer than any can be are refused after access is granted; nobody has to wait for them. */
const MAX_TAG_LENGTH = 257;

/** What `condition-keys.ts` says that a request has. */
function contextOf(
  { principal, tenant, raw, http }: Omit<AuthorizationRequest, 'operationName'>,
  resourceTags: Tags,
  nowMs: number,
): RequestContext {
  const requestTags = Object.entries(asRecord(raw['tags'])).filter(
    (tag): tag is [string, string] => typeof tag[1] === 'string',
  );
  const { tagKeys } = raw;
  const keys = Array.isArray(tagKeys)
    ? tagKeys.filter((key) => typeof key === 'string')
    : Object.keys(asRecord(raw['tags']));
  return (key) => {
    if (key.startsWith(REQUEST_TAG)) return tagValues(requestTags, key.slice(REQUEST_TAG.length));
    if (key.startsWith(RESOURCE_TAG)) {
      return tagValues(Object.entries(resourceTags), key.slice(RESOURCE_TAG.length));
    }
    switch (key) {
      case 'aws:currenttime':
        return [new Date(nowMs).toISOString()];
      case 'aws:epochtime':
        return [String(Math.floor(nowMs / 1000))];
      case 'aws:principalaccount':
      case 'aws:resourceaccount':
        return [principal.accountId];
      case 'aws:principalarn':
        return [principal.arn];
      case 'aws:principaltype':
        return ['User'];
      case 'aws:requestedregion':
        return [tenant.region];
      case 'aws:securetransport':
        return [String(http.isEncrypted)];
      case 'aws:sourceip':
        return [http.remoteAddress];
      case 'aws:tagkeys':
        return keys.length > 0 ? keys.map((name) => name.slice(0, MAX_TAG_LENGTH)) : undefined;
      case 'aws:useragent':
        return http.headers['user-agent'] === undefined ? undefined : [http.headers['user-agent']];
      case 'aws:username':
        return principal.userName === undefined ? undefined : [principal.userName];
      default:
        return undefined;
    }
  };
}

const REQUEST_TAG = 'aws:requesttag/';
const RESOURCE_TAG = 'aws:resourcetag/';

/** Condition keys have no case, tags have: where several tags answer to a key, a condition has to hold for all. */
function tagValues(
  tags: readonly (readonly [string, string])[],
  lowerKey: string,
): readonly string[] | undefined {
  const values = tags
    .filter(([key]) => key.toLowerCase() === lowerKey)
    .map(([, value]) => value.slice(0, MAX_TAG_LENGTH));
  return values.length > 0 ? values : undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
