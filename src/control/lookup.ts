import { isOwnArn } from '../domain/access.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import type { ChannelSettings } from '../domain/channel-rules.ts';
import { ApiError } from '../domain/errors.ts';
import type { Needs } from './context.ts';

/** What another tenant has is answered as if it were not there. */
export const notFound = (arn: string): ApiError =>
  new ApiError('ResourceNotFoundException', `Resource: ${arn} not found`);

export const notBroadcasting = (channelArn: string): ApiError =>
  new ApiError('ChannelNotBroadcasting', `Channel: ${channelArn} is not currently online`);

/** Throws ResourceNotFoundException where the tenant has no such channel. */
export async function requireChannel(
  arn: string,
  { store, tenant }: Needs<'store' | 'tenant'>,
): Promise<ChannelRecord> {
  const channel = isOwnArn(arn, tenant) ? await store.getChannel(arn) : undefined;
  if (!channel) throw notFound(arn);
  return channel;
}

/**
 * Throws ResourceNotFoundException where a channel would refer to something that does not exist. Recording
 * configurations, playback restriction policies and ad configurations can't be made yet: none exists.
 */
export function requireAttachments(settings: ChannelSettings): void {
  const attached =
    settings.recordingConfigurationArn ||
    settings.playbackRestrictionPolicyArn ||
    settings.adConfigurationArn;
  if (attached) throw notFound(attached);
}

/** Asks for each of the tenant's own ARNs once; the rest of a batch are errors, in the order asked for. */
export async function findBatch<Item extends { readonly arn: string }>(
  arns: readonly string[],
  { tenant, deniedArns }: Needs<'tenant' | 'deniedArns'>,
  find: (arns: readonly string[]) => Promise<readonly Item[]>,
) {
  const distinct = [...new Set(arns)];
  const items = await find(
    distinct.filter((arn) => isOwnArn(arn, tenant) && !deniedArns.has(arn)),
  );
  const byArn = new Map(items.map((item) => [item.arn, item]));
  return {
    found: distinct.flatMap((arn) => byArn.get(arn) ?? []),
    errors: distinct
      .filter((arn) => !byArn.has(arn))
      .map((arn) => errorInBatch(arn, deniedArns.has(arn) ? deniedInBatch : notFound(arn))),
  };
}

/** In the words of IVS's own example of a batch that is denied in part. */
const deniedInBatch = new ApiError('AccessDeniedException', 'not authorized');

function errorInBatch(arn: string, { name, message }: ApiError) {
  return { arn, code: name, message };
}
