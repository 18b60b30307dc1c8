import { isOwnArn } from '../../domain/access.ts';
import { ApiError } from '../../domain/errors.ts';
import type { Needs } from '../context.ts';
import { notFound, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { resourceArn } from '../shapes/common.ts';
import { streamId } from '../shapes/stream.ts';
import { streamSession } from '../shapes/stream-session.ts';
import { optional, structure } from '../shapes/vocabulary.ts';
import { streamSessionView } from '../stream-session-view.ts';

export const getStreamSession = operation({
  name: 'GetStreamSession',
  method: 'POST',
  uri: '/GetStreamSession',
  status: 200,
  input: structure({ channelArn: resourceArn('channel'), streamId: optional(streamId()) }),
  output: structure({ streamSession }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  /** "If streamId is not provided, the most recent stream session is returned." Sessions outlive their channel. */
  async run({ channelArn, streamId }, context: Needs<'tenant' | 'store' | 'endpoints'>) {
    const { tenant, store, endpoints } = context;
    if (!isOwnArn(channelArn, tenant)) throw notFound(channelArn);
    const session = await store.getStreamSession(channelArn, streamId);
    if (session) return { streamSession: streamSessionView(session, endpoints) };
    await requireChannel(channelArn, context);
    throw new ApiError(
      'ResourceNotFoundException',
      `Channel: ${channelArn} has no stream session${streamId === undefined ? '' : ` ${streamId}`}`,
    );
  },
});
