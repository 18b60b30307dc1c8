import type { Operation } from './operation.ts';
import { batchGetChannel } from './operations/batch-get-channel.ts';
import { batchGetStreamKey } from './operations/batch-get-stream-key.ts';
import { createChannel } from './operations/create-channel.ts';
import { createStreamKey } from './operations/create-stream-key.ts';
import { deleteChannel } from './operations/delete-channel.ts';
import { deleteStreamKey } from './operations/delete-stream-key.ts';
import { getChannel } from './operations/get-channel.ts';
import { getStream } from './operations/get-stream.ts';
import { getStreamKey } from './operations/get-stream-key.ts';
import { getStreamSession } from './operations/get-stream-session.ts';
import { listChannels } from './operations/list-channels.ts';
import { listStreamKeys } from './operations/list-stream-keys.ts';
import { listStreamSessions } from './operations/list-stream-sessions.ts';
import { listStreams } from './operations/list-streams.ts';
import { listTagsForResource } from './operations/list-tags-for-resource.ts';
import { stopStream } from './operations/stop-stream.ts';
import { tagResource } from './operations/tag-resource.ts';
import { untagResource } from './operations/untag-resource.ts';
import { updateChannel } from './operations/update-channel.ts';

/** Every operation of the API. One that is not here does not exist. */
export const OPERATIONS: readonly Operation[] = [
  batchGetChannel,
  batchGetStreamKey,
  createChannel,
  createStreamKey,
  deleteChannel,
  deleteStreamKey,
  getChannel,
  getStreamKey,
  getStreamSession,
  getStream,
  listChannels,
  listStreamKeys,
  listStreamSessions,
  listStreams,
  listTagsForResource,
  stopStream,
  tagResource,
  untagResource,
  updateChannel,
];
