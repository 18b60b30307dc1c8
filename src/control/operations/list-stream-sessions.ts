import { isOwnArn } from '../../domain/access.ts';
import { SESSION_HISTORY_DAYS } from '../../domain/stream-session.ts';
import type { Needs } from '../context.ts';
import { notFound, requireChannel } from '../lookup.ts';
import { operation } from '../operation.ts';
import { nextToken, paging, resourceArn } from '../shapes/common.ts';
import { streamSessionSummary } from '../shapes/stream-session.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';
import { streamSessionSummaryView } from '../stream-session-view.ts';

const DEFAULT_MAX_RESULTS = 100;
const DAY_MS = 24 * 60 * 60 * 1000;

export const listStreamSessions = operation({
  name: 'ListStreamSessions',
  method: 'POST',
  uri: '/ListStreamSessions',
  status: 200,
  input: structure({ channelArn: resourceArn('channel'), ...paging(100) }),
  output: structure({
    streamSessions: list(streamSessionSummary),
    nextToken: optional(nextToken()),
  }),
  errors: ['AccessDeniedException', 'ResourceNotFoundException', 'ValidationException'],
  async run(input, context: Needs<'tenant' | 'store' | 'clock' | 'pageTokens'>) {
    const { tenant, store, clock, pageTokens } = context;
    const { channelArn, maxResults = DEFAULT_MAX_RESULTS } = input;
    const listing = { operation: 'ListStreamSessions', tenant, filter: { channelArn } };
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    if (!isOwnArn(channelArn, tenant)) throw notFound(channelArn);
    const notEndedBeforeMs = clock.nowMs() - SESSION_HISTORY_DAYS * DAY_MS;
    const { items, next } = await store.listStreamSessions(channelArn, {
      ...page,
      notEndedBeforeMs,
    });
    // A deleted channel is known by its sessions only.
    if (items.length === 0 && !(await store.hasStreamSessions(channelArn))) {
      await requireChannel(channelArn, context);
    }
    return {
      streamSessions: items.map(streamSessionSummaryView),
      ...pageTokens.write(listing, next),
    };
  },
});
