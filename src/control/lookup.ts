import { isOwnArn } from '../domain/access.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import type { ChannelSettings } from '../domain/channel-rules.ts';
import { ApiError } from '../domain/errors.ts';
import type { Needs } from './context.ts';
import type { ResourceRecords } from './ports.ts';

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
 * Throws ResourceNotFoundException where a channel would refer to something that the tenant does not have, and
 * ValidationException where that can't be used yet, or never.
 */
export async function requireAttachments(
  settings: ChannelSettings,
  context: Needs<'store' | 'tenant'>,
): Promise<void> {
  const { recordingConfigurations, playbackRestrictionPolicies, adConfigurations } = context.store;
  const { recordingConfigurationArn, playbackRestrictionPolicyArn, adConfigurationArn } = settings;
  const recording =
    recordingConfigurationArn &&
    (await requireResource(recordingConfigurationArn, recordingConfigurations, context));
  if (playbackRestrictionPolicyArn) {
    await requireResource(playbackRestrictionPolicyArn, playbackRestrictionPolicies, context);
  }
  if (adConfigurationArn) await requireResource(adConfigurationArn, adConfigurations, context);
  if (recording && recording.state !== 'ACTIVE') {
    throw new ApiError(
      'ValidationException',
      `Recording configuration: ${recording.arn} cannot be used: its state is ${recording.state}`,
    );
  }
}

/** Between `requireAttachments` and the write somebody deleted what the channel was to refer to. */
export const attachmentGone = (): ApiError =>
  new ApiError(
    'ResourceNotFoundException',
    'A resource that the channel was to refer to has just been deleted',
  );

/** Throws ResourceNotFoundException where the tenant has no such resource. */
export async function requireResource<Resource>(
  arn: string,
  records: ResourceRecords<Resource>,
  { tenant }: Needs<'tenant'>,
): Promise<Resource> {
  const resource = isOwnArn(arn, tenant) ? await records.get(arn) : undefined;
  if (!resource) throw notFound(arn);
  return resource;
}

/** Throws ResourceNotFoundException where the tenant has no such resource, and ConflictException where a channel refers to it. */
export async function deleteResource(
  arn: string,
  records: ResourceRecords<unknown>,
  { tenant }: Needs<'tenant'>,
): Promise<void> {
  const outcome = isOwnArn(arn, tenant) ? await records.delete(arn) : 'not-found';
  switch (outcome) {
    case 'deleted':
      return;
    case 'not-found':
      throw notFound(arn);
    case 'in-use':
      throw new ApiError(
        'ConflictException',
        `Resource: ${arn} cannot be deleted: a channel refers to it`,
      );
  }
}

/** Asks for each of the tenant's own ARNs once; the rest of a batch are errors, in the order asked for. */
export async function findBatch<Item extends { readonly arn: string }>(
  arns: readonly string[],
  { tenant, deniedArns }: Needs<'tenant' | 'deniedArns'>,
  find: (arns: readonly string[]) => Promise<readonly Item[]>,
) {
  const distinct = [...new Set(arns)];
  const items = await find(distinct.filter((arn) => isOwnArn(arn, tenant) && !deniedArns.has(arn)));
  const byArn = new Map(items.map((item) => [item.arn, item]));
  return {
    found: distinct.flatMap((arn) => byArn.get(arn) ?? []),
    errors: distinct
      .filter((arn) => !byArn.has(arn))
      .map((arn) => errorInBatch(arn, deniedArns.has(arn) ? deniedInBatch : notFound(arn))),
  };
}

/** In the words of IVS's own example of a batch that is denied in part. */
export const deniedInBatch = new ApiError('AccessDeniedException', 'not authorized');

function errorInBatch(arn: string, { name, message }: ApiError) {
  return { arn, code: name, message };
}
