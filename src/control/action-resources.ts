import type { ResourceType } from '../domain/arn.ts';
import type { Tenant } from '../domain/tenant.ts';

/**
 * Actions that need more than what the request names: for those that make or list resources there is no ARN yet, and a
 * policy names the type, `arn:aws:ivs:us-west-2:123456789012:channel/*`. An empty list: the action has no resource.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoninteractivevideoservice.html
 */
const TYPES_OF_ACTIONS: Readonly<Record<string, readonly ResourceType[]>> = {
  CreateAdConfiguration: ['ad-configuration'],
  CreateChannel: ['channel', 'stream-key'],
  CreatePlaybackRestrictionPolicy: ['playback-restriction-policy'],
  CreateRecordingConfiguration: ['recording-configuration'],
  CreateStreamKey: ['stream-key'],
  DeleteChannel: ['stream-key'],
  ImportPlaybackKeyPair: ['playback-key'],
  ListAdConfigurations: [],
  ListChannels: ['channel'],
  ListPlaybackKeyPairs: ['playback-key'],
  ListPlaybackRestrictionPolicies: [],
  ListRecordingConfigurations: ['recording-configuration'],
  ListStreamKeys: ['stream-key'],
  ListStreams: ['channel'],
};

/** Its channel is no resource of this action, as the reference has it. */
const NAMES_NO_RESOURCE = 'CreateStreamKey';

/** Nothing is checked yet when access is: what is not an ARN may be as long as the body. */
const MAX_ARN_LENGTH = 128;

/** What a caller must be allowed to use: ARNs, or `*`. `raw` is the request as it came: nothing of it is checked yet. */
export function resourcesOf(
  operationName: string,
  raw: Readonly<Record<string, unknown>>,
  { region, accountId }: Tenant,
): readonly string[] {
  const named = operationName === NAMES_NO_RESOURCE ? [] : namedBy(raw);
  const types = TYPES_OF_ACTIONS[operationName] ?? [];
  const wanted = types.map((type) => `arn:aws:ivs:${region}:${accountId}:${type}/*`);
  const resources = [...named, ...wanted];
  return resources.length > 0 ? resources : ['*'];
}

function namedBy(raw: Readonly<Record<string, unknown>>): readonly string[] {
  const sessions = raw['viewerSessions'];
  const named = Array.isArray(sessions)
    ? sessions.map((session: unknown) => memberOf(session, 'channelArn'))
    : (raw['arn'] ?? raw['channelArn'] ?? raw['resourceArn'] ?? raw['arns']);
  const texts = (Array.isArray(named) ? named : [named]).filter((arn) => typeof arn === 'string');
  return [...new Set(texts.map((arn) => arn.slice(0, MAX_ARN_LENGTH)))];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
