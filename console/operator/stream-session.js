// One stream session, on air or past: what GetStreamSession tells, and what there is around it.

import { ApiError } from './api.js';
import { readCharts } from './metrics.js';

/** CloudWatch has values of a second for three hours, and of a minute beyond. */
const SECONDS_KEPT_MS = 3 * 3_600_000;
const FINE_MS = 30 * 60_000;
const MINUTE_MS = 60_000;
const MAX_POINTS = 120;

/** Reads it in four calls at most. `streamId` is absent for the newest of the channel. */
export async function readStreamSession(client, channelArn, streamId) {
  const id = streamId ? { streamId } : {};
  const { streamSession: session } = await client.ivs('GetStreamSession', { channelArn, ...id });
  const [live, listed, charts] = await Promise.all([
    session.endTime ? undefined : answerOf(client.ivs('GetStream', { channelArn })),
    answerOf(client.ivs('ListStreamSessions', { channelArn, maxResults: 20 })),
    answerOf(readCharts(client, [channelArn], chartRange(session))),
  ]);
  const stream = live?.stream?.streamId === session.streamId ? live.stream : undefined;
  const sessions = listed?.streamSessions ?? [];
  const { hasErrorEvent = false } =
    sessions.find(({ streamId }) => streamId === session.streamId) ?? {};
  return {
    channelArn,
    session,
    stream,
    sessions,
    hasErrorEvent,
    charts: charts?.get(channelArn),
  };
}

/** All of the stream, or its last half hour while it is on; coarser where that is long or long ago. */
function chartRange({ startTime, endTime }) {
  const endMs = endTime ? Date.parse(endTime) : Date.now();
  const startMs = Math.max(Date.parse(startTime), endTime ? 0 : endMs - FINE_MS);
  const isFine = endMs - startMs <= FINE_MS && Date.now() - startMs < SECONDS_KEPT_MS;
  const minutes = Math.ceil((endMs - startMs) / MAX_POINTS / MINUTE_MS);
  return {
    lines: ['bitRate', 'frameRate', 'viewers'],
    startMs,
    // CloudWatch refuses a range without any time in it.
    endMs: Math.max(endMs, startMs + 1000),
    periodSeconds: isFine ? 10 : Math.max(1, minutes) * 60,
  };
}

/** `undefined` where the API refuses it, as ChannelNotBroadcasting: the session is shown without. */
async function answerOf(call) {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError && error.isOfOneCall) return undefined;
    throw error;
  }
}
