import { formatTimestamp } from '../protocols/aws/rest-json.ts';
import { BYTE_RANGE_MASTER, BYTE_RANGE_PLAYLIST, MASTER, PLAYLIST } from './playlists.ts';
import type { RecordingState } from './recording-state.ts';

export const STARTED_DOCUMENT = 'events/recording-started.json';
export const ENDED_DOCUMENT = 'events/recording-ended.json';
export const FAILED_DOCUMENT = 'events/recording-failed.json';

export const HLS_PATH = 'media/hls';
export const THUMBNAILS_PATH = 'media/thumbnails';
export const LATEST_THUMBNAIL_PATH = 'media/latest_thumbnail/thumb.jpg';

type Status = 'RECORDING_STARTED' | 'RECORDING_ENDED' | 'RECORDING_ENDED_WITH_FAILURE';

/** `events/recording-started.json` */
export const startedDocument = (state: RecordingState): string =>
  document(state, 'RECORDING_STARTED', undefined);

/** `events/recording-ended.json`, or `recording-failed.json` where it failed. */
export const endedDocument = (state: RecordingState, endedAtMs: number): string =>
  document(state, state.failure ? 'RECORDING_ENDED_WITH_FAILURE' : 'RECORDING_ENDED', endedAtMs);

/** Members and their order as IVS writes them (JSON Metadata File, version v1). */
function document(state: RecordingState, status: Status, endedAtMs: number | undefined): string {
  const { head, failure } = state;
  return JSON.stringify({
    version: 'v1',
    recording_started_at: seconds(head.startedAtMs),
    ...(endedAtMs !== undefined && { recording_ended_at: seconds(endedAtMs) }),
    channel_arn: head.channelArn,
    recording_status: status,
    ...(failure && endedAtMs !== undefined && { recording_status_message: failure.message }),
    media: {
      ...(state.renditions.length > 0 && { hls: hls(state, endedAtMs !== undefined) }),
      ...thumbnails(state, endedAtMs !== undefined),
    },
  });
}

function hls(state: RecordingState, isOver: boolean) {
  return {
    ...(isOver && { duration_ms: state.durationMs }),
    path: HLS_PATH,
    playlist: MASTER,
    byte_range_playlist: BYTE_RANGE_MASTER,
    renditions: state.renditions.map(({ facts }) => ({
      path: facts.name,
      playlist: PLAYLIST,
      byte_range_playlist: BYTE_RANGE_PLAYLIST,
      resolution_width: facts.width,
      resolution_height: facts.height,
    })),
  };
}

/** Where there is one, or there will be. */
function thumbnails({ head, newestThumbnail }: RecordingState, isOver: boolean) {
  const picture = newestThumbnail ?? (isOver ? undefined : head.thumbnailSize);
  if (!picture) return {};
  const size = { resolution_width: picture.width, resolution_height: picture.height };
  return {
    ...(head.thumbnails.includes('SEQUENTIAL') && {
      thumbnails: { path: THUMBNAILS_PATH, ...size },
    }),
    ...(head.thumbnails.includes('LATEST') && {
      latest_thumbnail: { path: LATEST_THUMBNAIL_PATH, ...size },
    }),
  };
}

/** Whole seconds: `2020-06-12T12:53:26Z`. */
const seconds = (atMs: number): string => formatTimestamp(atMs);
