import type { Operation } from './operation.ts';
import { batchGetChannel } from './operations/batch-get-channel.ts';
import { batchGetStreamKey } from './operations/batch-get-stream-key.ts';
import { batchStartViewerSessionRevocation } from './operations/batch-start-viewer-session-revocation.ts';
import { createAdConfiguration } from './operations/create-ad-configuration.ts';
import { createChannel } from './operations/create-channel.ts';
import { createPlaybackRestrictionPolicy } from './operations/create-playback-restriction-policy.ts';
import { createRecordingConfiguration } from './operations/create-recording-configuration.ts';
import { createStreamKey } from './operations/create-stream-key.ts';
import { deleteAdConfiguration } from './operations/delete-ad-configuration.ts';
import { deleteChannel } from './operations/delete-channel.ts';
import { deletePlaybackKeyPair } from './operations/delete-playback-key-pair.ts';
import { deletePlaybackRestrictionPolicy } from './operations/delete-playback-restriction-policy.ts';
import { deleteRecordingConfiguration } from './operations/delete-recording-configuration.ts';
import { deleteStreamKey } from './operations/delete-stream-key.ts';
import { getAdConfiguration } from './operations/get-ad-configuration.ts';
import { getChannel } from './operations/get-channel.ts';
import { getPlaybackKeyPair } from './operations/get-playback-key-pair.ts';
import { getPlaybackRestrictionPolicy } from './operations/get-playback-restriction-policy.ts';
import { getRecordingConfiguration } from './operations/get-recording-configuration.ts';
import { getStream } from './operations/get-stream.ts';
import { getStreamKey } from './operations/get-stream-key.ts';
import { getStreamSession } from './operations/get-stream-session.ts';
import { importPlaybackKeyPair } from './operations/import-playback-key-pair.ts';
import { insertAdBreak } from './operations/insert-ad-break.ts';
import { listAdConfigurations } from './operations/list-ad-configurations.ts';
import { listChannels } from './operations/list-channels.ts';
import { listPlaybackKeyPairs } from './operations/list-playback-key-pairs.ts';
import { listPlaybackRestrictionPolicies } from './operations/list-playback-restriction-policies.ts';
import { listRecordingConfigurations } from './operations/list-recording-configurations.ts';
import { listStreamKeys } from './operations/list-stream-keys.ts';
import { listStreamSessions } from './operations/list-stream-sessions.ts';
import { listStreams } from './operations/list-streams.ts';
import { listTagsForResource } from './operations/list-tags-for-resource.ts';
import { putMetadata } from './operations/put-metadata.ts';
import { startViewerSessionRevocation } from './operations/start-viewer-session-revocation.ts';
import { stopStream } from './operations/stop-stream.ts';
import { tagResource } from './operations/tag-resource.ts';
import { untagResource } from './operations/untag-resource.ts';
import { updateAdConfiguration } from './operations/update-ad-configuration.ts';
import { updateChannel } from './operations/update-channel.ts';
import { updatePlaybackRestrictionPolicy } from './operations/update-playback-restriction-policy.ts';

/** Every operation of the API. One that is not here does not exist. */
export const OPERATIONS: readonly Operation[] = [
  batchGetChannel,
  batchGetStreamKey,
  batchStartViewerSessionRevocation,
  createAdConfiguration,
  createChannel,
  createPlaybackRestrictionPolicy,
  createRecordingConfiguration,
  createStreamKey,
  deleteAdConfiguration,
  deleteChannel,
  deletePlaybackKeyPair,
  deletePlaybackRestrictionPolicy,
  deleteRecordingConfiguration,
  deleteStreamKey,
  getAdConfiguration,
  getChannel,
  getPlaybackKeyPair,
  getPlaybackRestrictionPolicy,
  getRecordingConfiguration,
  getStream,
  getStreamKey,
  getStreamSession,
  importPlaybackKeyPair,
  insertAdBreak,
  listAdConfigurations,
  listChannels,
  listPlaybackKeyPairs,
  listPlaybackRestrictionPolicies,
  listRecordingConfigurations,
  listStreamKeys,
  listStreamSessions,
  listStreams,
  listTagsForResource,
  putMetadata,
  startViewerSessionRevocation,
  stopStream,
  tagResource,
  untagResource,
  updateAdConfiguration,
  updateChannel,
  updatePlaybackRestrictionPolicy,
];
