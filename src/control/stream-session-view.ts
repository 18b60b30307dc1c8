import type * as v from 'valibot';
import { STREAM_EVENTS, type StreamEvent } from '../domain/events.ts';
import {
  type IngestConfiguration,
  MAX_SESSION_EVENTS,
  type StreamSessionDetail,
  type StreamSessionRecord,
} from '../domain/stream-session.ts';
import { formatTimestamp } from '../protocols/aws/rest-json.ts';
import { channelView, type Endpoints } from './channel-view.ts';
import { recordingConfigurationView } from './recording-configuration-view.ts';
import type {
  audioConfiguration,
  streamEvent,
  streamSession,
  streamSessionSummary,
  videoConfiguration,
} from './shapes/stream-session.ts';

/** The name of the only video and the only audio track of a stream that is not multitrack. */
const SOLE_TRACK = 'Track0';

export function streamSessionSummaryView(
  session: StreamSessionRecord,
): v.InferOutput<typeof streamSessionSummary> {
  return { ...idAndTimes(session), hasErrorEvent: session.hasErrorEvent };
}

export function streamSessionView(
  session: StreamSessionDetail,
  endpoints: Endpoints,
): v.InferOutput<typeof streamSession> {
  return {
    ...idAndTimes(session),
    channel: channelView(session.channel, endpoints),
    ...(session.ingest && ingestViews(session.ingest)),
    ...(session.recordingConfiguration && {
      recordingConfiguration: recordingConfigurationView(session.recordingConfiguration),
    }),
    truncatedEvents: session.events.slice(0, MAX_SESSION_EVENTS).map(eventView),
  };
}

function idAndTimes({ streamId, startTimeMs, endTimeMs }: StreamSessionRecord) {
  return {
    streamId,
    startTime: formatTimestamp(startTimeMs),
    ...(endTimeMs !== undefined && { endTime: formatTimestamp(endTimeMs) }),
  };
}

/**
 * `ingestConfiguration` is deprecated in favour of `ingestConfigurations`; both hold the one track. `avcProfile` and
 * `avcLevel` are deprecated too, and filled in the former only.
 */
function ingestViews({ video, audio }: IngestConfiguration) {
  const audioView = audio && audioConfigurationView(audio);
  const { profile: avcProfile, level: avcLevel } = video;
  return {
    ingestConfiguration: {
      video: videoConfigurationView(video, { avcProfile, avcLevel }),
      ...(audioView && { audio: audioView }),
    },
    ingestConfigurations: {
      videoConfigurations: [videoConfigurationView(video, { avcProfile: '', avcLevel: '' })],
      audioConfigurations: audioView ? [audioView] : [],
    },
  };
}

function videoConfigurationView(
  video: IngestConfiguration['video'],
  deprecated: { avcProfile: string; avcLevel: string },
): v.InferOutput<typeof videoConfiguration> {
  return {
    ...deprecated,
    codec: video.codec,
    encoder: video.encoder,
    targetBitrate: Math.round(video.targetBitrateBps),
    targetFramerate: Math.round(video.targetFrameRate),
    videoHeight: video.height,
    videoWidth: video.width,
    level: video.level,
    track: SOLE_TRACK,
    profile: video.profile,
  };
}

function audioConfigurationView(
  audio: NonNullable<IngestConfiguration['audio']>,
): v.InferOutput<typeof audioConfiguration> {
  return {
    codec: audio.codec,
    targetBitrate: Math.round(audio.targetBitrateBps),
    sampleRate: audio.sampleRate,
    channels: audio.channelCount,
    track: SOLE_TRACK,
  };
}

/** IVS's shape has no member for a reason, nor for a limit's value: those are in the event that is delivered. */
function eventView(event: StreamEvent): v.InferOutput<typeof streamEvent> {
  return {
    name: event.name,
    type: STREAM_EVENTS[event.name],
    eventTime: formatTimestamp(event.timeMs),
    ...('code' in event && event.code !== undefined && { code: event.code }),
  };
}
