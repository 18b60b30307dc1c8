import { ApiError } from '../../domain/errors.ts';
import { channelSummaryView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import type { ChannelFilter } from '../ports.ts';
import { channelSummary } from '../shapes/channel.ts';
import { attachedArn, nextToken, paging, resourceName } from '../shapes/common.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';

const DEFAULT_MAX_RESULTS = 100;

export const listChannels = operation({
  name: 'ListChannels',
  method: 'POST',
  uri: '/ListChannels',
  status: 200,
  input: structure({
    filterByName: optional(resourceName()),
    filterByRecordingConfigurationArn: optional(attachedArn('recording-configuration')),
    filterByPlaybackRestrictionPolicyArn: optional(attachedArn('playback-restriction-policy')),
    filterByAdConfigurationArn: optional(attachedArn('ad-configuration')),
    ...paging(100),
  }),
  output: structure({ channels: list(channelSummary), nextToken: optional(nextToken()) }),
  errors: ['AccessDeniedException', 'ConflictException', 'ValidationException'],
  async run(input, { tenant, store, pageTokens }: Needs<'tenant' | 'store' | 'pageTokens'>) {
    // An empty filter is none: clients send it for a search field that nobody has filled in.
    const filter: ChannelFilter = {
      ...(input.filterByName && { name: input.filterByName }),
      ...(input.filterByRecordingConfigurationArn && {
        recordingConfigurationArn: input.filterByRecordingConfigurationArn,
      }),
      ...(input.filterByPlaybackRestrictionPolicyArn && {
        playbackRestrictionPolicyArn: input.filterByPlaybackRestrictionPolicyArn,
      }),
      ...(input.filterByAdConfigurationArn && {
        adConfigurationArn: input.filterByAdConfigurationArn,
      }),
    };
    const listing = { operation: 'ListChannels', tenant, filter: { ...filter } };
    const { maxResults = DEFAULT_MAX_RESULTS } = input;
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    if (Object.keys(filter).length > 1) {
      throw new ApiError(
        'ConflictException',
        `Cannot filter by more than one member: got ${Object.keys(filter).join(', ')}`,
      );
    }
    const { items, next } = await store.listChannels(tenant, filter, page);
    return { channels: items.map(channelSummaryView), ...pageTokens.write(listing, next) };
  },
});
