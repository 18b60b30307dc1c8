import type { StatusInfo } from '../protocols/rtmp/command.ts';
import type { DisconnectReason, PublishRefusal, RejectionCode } from './publishing.ts';

/**
 * The codes that encoders know (Adobe's NetConnection and NetStream), with words for the one who reads the
 * encoder's log.
 */

export const CONNECT_SUCCESS: StatusInfo = {
  level: 'status',
  code: 'NetConnection.Connect.Success',
  description: 'Connection succeeded.',
};

export const CONNECT_INVALID_APP: StatusInfo = {
  level: 'error',
  code: 'NetConnection.Connect.InvalidApp',
  description: 'No such application: the URL must be rtmp(s)://<host>/app/<stream key>.',
};

export const PUBLISH_START: StatusInfo = {
  level: 'status',
  code: 'NetStream.Publish.Start',
  description: 'Publishing.',
};

export const UNPUBLISH_SUCCESS: StatusInfo = {
  level: 'status',
  code: 'NetStream.Unpublish.Success',
  description: 'Unpublished.',
};

export const PLAY_FAILED: StatusInfo = {
  level: 'error',
  code: 'NetStream.Play.Failed',
  description: 'Playback over RTMP is not supported: use HLS.',
};

const error = (code: string, description: string): StatusInfo => ({
  level: 'error',
  code,
  description,
});

/** BadName is what publishers know for "not with this name": unknown or taken. */
export const REFUSAL_STATUS: Readonly<Record<PublishRefusal, StatusInfo>> = {
  'unknown-stream-key': error('NetStream.Publish.BadName', 'The stream key is not valid.'),
  'channel-already-live': error(
    'NetStream.Publish.BadName',
    'The channel is already live: end the other stream first.',
  ),
  'takeover-invalid-priority': error(
    'NetStream.Publish.BadName',
    'The channel is already live, with a priority that is not lower, or the priority is not 1 to 2147483647.',
  ),
  'takeover-limit': error(
    'NetStream.Publish.BadName',
    'The stream was taken over as often as it may be.',
  ),
  'insecure-ingest-not-allowed': error(
    'NetStream.Publish.Rejected',
    'The channel does not allow insecure ingest: publish over RTMPS.',
  ),
  'transcode-capacity': error(
    'NetStream.Publish.Failed',
    'Transcode capacity exceeded. Please try again.',
  ),
  'concurrent-streams': error(
    'NetStream.Publish.Rejected',
    'The account has as many streams on air as its quota allows.',
  ),
  'service-unavailable': error(
    'NetStream.Publish.Failed',
    'The service can not take the stream now: try again.',
  ),
};

export const DISCONNECT_STATUS: Readonly<Record<DisconnectReason, StatusInfo>> = {
  'stopped-by-api': error('NetConnection.Connect.Closed', 'The stream was stopped.'),
  'shutting-down': error('NetConnection.Connect.Closed', 'The service is shutting down.'),
  'idle-timeout': error('NetConnection.Connect.Closed', 'No data was received for too long.'),
  'duration-limit': error('NetConnection.Connect.Closed', 'The stream is too long.'),
  'ingest-limit': error(
    'NetConnection.Connect.Closed',
    'The bit rate or the resolution is above the limit of the channel type.',
  ),
  'transcode-capacity': error(
    'NetConnection.Connect.Closed',
    'Transcode capacity exceeded. Please try again.',
  ),
  'transcoding-failed': error(
    'NetConnection.Connect.Closed',
    'The service can not transcode the stream.',
  ),
  'taken-over': error(
    'NetConnection.Connect.Closed',
    'Another encoder with a higher priority took the stream over.',
  ),
  'takeover-failed': error(
    'NetConnection.Connect.Closed',
    'The stream can not be taken over: codecs, resolution and tracks must be those of the running one.',
  ),
  'not-packageable': error(
    'NetConnection.Connect.Closed',
    'The sound changed to what the container format of the stream can not hold.',
  ),
  'internal-failure': error('NetConnection.Connect.Closed', 'The service failed: try again.'),
};

/** `detail`: what was sent, and what would be taken. */
export function rejectionStatus(code: RejectionCode, detail: string): StatusInfo {
  return code === 'protocol-violation'
    ? error('NetStream.Publish.Failed', `Protocol violation: ${detail}`)
    : error('NetStream.Publish.Rejected', detail);
}
