import type { LiveStream } from '../../domain/live-stream.ts';
import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import type { Page, PageRequest } from '../ports.ts';
import { nextToken, paging } from '../shapes/common.ts';
import { streamHealth, streamSummary } from '../shapes/stream.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';
import { streamSummaryView } from '../stream-view.ts';

const DEFAULT_MAX_RESULTS = 100;

export const listStreams = operation({
  name: 'ListStreams',
  method: 'POST',
  uri: '/ListStreams',
  status: 200,
  input: structure({
    filterBy: optional(structure({ health: optional(streamHealth()) })),
    ...paging(100),
  }),
  output: structure({ streams: list(streamSummary), nextToken: optional(nextToken()) }),
  errors: ['AccessDeniedException', 'ValidationException'],
  run(input, { tenant, live, pageTokens }: Needs<'tenant' | 'live' | 'pageTokens'>) {
    const health = input.filterBy?.health;
    const listing = { operation: 'ListStreams', tenant, filter: { health } };
    const { maxResults = DEFAULT_MAX_RESULTS } = input;
    const request = pageTokens.read(listing, input.nextToken, maxResults);
    const streams = live
      .streams(tenant)
      .filter((stream) => health === undefined || stream.health === health);
    const { items, next } = pageOf(streams, request);
    return { streams: items.map(streamSummaryView), ...pageTokens.write(listing, next) };
  },
});

/** `<start time>/<stream id>` is a place in the order of the streams, whether or not that stream is still there. */
const cursorOf = ({ startTimeMs, streamId }: LiveStream): string => `${startTimeMs}/${streamId}`;

function pageOf(streams: readonly LiveStream[], { after, limit }: PageRequest): Page<LiveStream> {
  const rest = after === undefined ? streams : streams.filter((stream) => isAfter(stream, after));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return rest.length > limit && last ? { items, next: cursorOf(last) } : { items };
}

function isAfter({ startTimeMs, streamId }: LiveStream, cursor: string): boolean {
  const [afterMs, afterId = ''] = cursor.split('/');
  return startTimeMs === Number(afterMs) ? streamId > afterId : startTimeMs > Number(afterMs);
}
