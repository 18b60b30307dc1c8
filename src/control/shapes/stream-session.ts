import { MAX_SESSION_EVENTS } from '../../domain/stream-session.ts';
import { channel } from './channel.ts';
import { recordingConfiguration } from './recording-configuration.ts';
import { streamId } from './stream.ts';
import { boolean, integer, list, optional, structure, text, timestamp } from './vocabulary.ts';

export const streamSessionSummary = structure({
  streamId: streamId(),
  startTime: timestamp(),
  /** Absent while it is on. */
  endTime: optional(timestamp()),
  hasErrorEvent: boolean(),
});

export const videoConfiguration = structure({
  avcProfile: text(),
  avcLevel: text(),
  codec: text(),
  encoder: text(),
  targetBitrate: integer(),
  targetFramerate: integer(),
  videoHeight: integer(),
  videoWidth: integer(),
  level: text(),
  track: text(),
  profile: text(),
});

export const audioConfiguration = structure({
  codec: text(),
  targetBitrate: integer(),
  sampleRate: integer(),
  channels: integer(),
  track: text(),
});

export const streamEvent = structure({
  name: text(),
  type: text(),
  eventTime: timestamp(),
  code: optional(text()),
});

export const streamSession = structure({
  streamId: streamId(),
  startTime: timestamp(),
  endTime: optional(timestamp()),
  channel,
  ingestConfiguration: optional(
    structure({ video: videoConfiguration, audio: optional(audioConfiguration) }),
  ),
  ingestConfigurations: optional(
    structure({
      videoConfigurations: list(videoConfiguration),
      audioConfigurations: list(audioConfiguration),
    }),
  ),
  recordingConfiguration: optional(recordingConfiguration),
  truncatedEvents: list(streamEvent, { maxCount: MAX_SESSION_EVENTS }),
});
