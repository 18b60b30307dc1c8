import type * as v from 'valibot';
import type { LiveStream } from '../domain/live-stream.ts';
import { formatTimestamp } from '../protocols/aws/rest-json.ts';
import { type Endpoints, playbackUrl } from './channel-view.ts';
import type { stream, streamSummary } from './shapes/stream.ts';

export function streamSummaryView(live: LiveStream): v.InferOutput<typeof streamSummary> {
  return {
    channelArn: live.channelArn,
    streamId: live.streamId,
    startTime: formatTimestamp(live.startTimeMs),
    state: 'LIVE',
    health: live.health,
    viewerCount: live.viewerCount,
  };
}

export function streamView(live: LiveStream, endpoints: Endpoints): v.InferOutput<typeof stream> {
  return {
    channelArn: live.channelArn,
    streamId: live.streamId,
    playbackUrl: playbackUrl(endpoints, live, live.channelId),
    startTime: formatTimestamp(live.startTimeMs),
    state: 'LIVE',
    health: live.health,
    viewerCount: live.viewerCount,
  };
}
