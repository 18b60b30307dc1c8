import { changeChannelConfiguration, checkSettings } from '../../domain/channel-rules.ts';
import { ApiError } from '../../domain/errors.ts';
import { channelView } from '../channel-view.ts';
import type { Needs } from '../context.ts';
import { attachmentGone, notFound, requireAttachments, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { channel, channelSettings } from '../shapes/channel.ts';
import { resourceArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const updateChannel = operation({
  name: 'UpdateChannel',
  method: 'POST',
  uri: '/UpdateChannel',
  status: 200,
  input: structure({ arn: resourceArn('channel'), ...channelSettings }),
  output: structure({ channel }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn, ...settings }, context: Needs<'tenant' | 'store' | 'live' | 'endpoints'>) {
    const { store, live, endpoints } = context;
    checkSettings(settings);
    await requireChannel(arn, context);
    await requireAttachments(settings, context);
    const changed = await store.updateChannel(arn, (current) => {
      const configuration = changeChannelConfiguration(current, settings);
      // "Live channels cannot be updated. You must stop the ongoing stream, update the channel, and restart the stream."
      if (live.hasSession(arn)) {
        throw new ApiError(
          'ConflictException',
          `Channel: ${arn} cannot be updated while it is live`,
        );
      }
      return { ...current, ...configuration };
    });
    if (!changed) throw notFound(arn);
    if (changed === 'attachment-gone') throw attachmentGone();
    return { channel: channelView(changed, endpoints) };
  },
});
