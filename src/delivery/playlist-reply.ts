import { gzipSync } from 'node:zlib';
import type { HttpReply } from '../lib/http.ts';
import type { RenderedPlaylist } from '../packaging/playlist-view.ts';
import { acceptsGzip } from './content-coding.ts';
import { CORS_HEADERS } from './playback-replies.ts';

export const PLAYLIST_CONTENT_TYPE = 'application/vnd.apple.mpegurl';

/** Fits a packet as it is. */
const MIN_GZIP_BYTES = 1_024;

/**
 * Playlists are small and repeat themselves: the fastest level with small tables takes half the time of the default, for
 * output a tenth larger.
 */
const GZIP_OPTIONS = { level: 1, memLevel: 5, windowBits: 12, chunkSize: 4_096 } as const;

const ENDED_MAX_AGE_SECONDS = 60;

/** RFC 8216bis appendix B.1, low-latency server profile: the answer to a blocking reload. */
const BLOCKING_MAX_AGE_TARGET_DURATIONS = 6;

const PLAIN_MAX_AGE_SECONDS = 1;

/**
 * How long a cache may answer with this playlist.
 *
 * Every viewer's URL has a session id of its own, so a cache that keys on the whole URL forwards each viewer's reloads and we count all of
 * them; the times are right for one that leaves the id out of its key as well, and counts viewers itself.
 *
 * - A blocking reload asks for the playlist *with* a part: whatever was right once stays right, and the player asks
 *   for the next part next time.
 * - Any other answer grows stale with the next part.
 * - An ended playlist is final; what is asked of it later is asked once.
 */
function maxAgeSeconds(kind: PlaylistRequestKind, targetDurationSeconds: number): number {
  switch (kind) {
    case 'blocking':
      return targetDurationSeconds * BLOCKING_MAX_AGE_TARGET_DURATIONS;
    case 'plain':
      return PLAIN_MAX_AGE_SECONDS;
    case 'ended':
      return ENDED_MAX_AGE_SECONDS;
  }
}

export type PlaylistRequestKind = 'blocking' | 'plain' | 'ended';

/** One number for each form that a playlist is sent in. */
const KIND_KEYS: Readonly<Record<PlaylistRequestKind, number>> = {
  blocking: 0,
  plain: 1,
  ended: 2,
};
const FOR_ALL_KEY = 4;
const GZIP_KEY = 8;

export interface PlaylistReplyOptions {
  readonly kind: PlaylistRequestKind;
  readonly targetDurationSeconds: number;
  readonly acceptEncoding: string | undefined;
  /** Whether a cache may give it to another viewer. */
  readonly isForAll: boolean;
}

/** Media playlists as replies. Each rendered playlist is made one of, and compressed, at most once, for all its viewers. */
export class PlaylistReplies {
  readonly #replies = new WeakMap<RenderedPlaylist, Map<number, HttpReply>>();

  reply(playlist: RenderedPlaylist, options: PlaylistReplyOptions): HttpReply {
    const { kind, isForAll, acceptEncoding } = options;
    const isGzipped = playlist.bytes.byteLength >= MIN_GZIP_BYTES && acceptsGzip(acceptEncoding);
    let replies = this.#replies.get(playlist);
    if (!replies) {
      replies = new Map();
      this.#replies.set(playlist, replies);
    }
    const key = KIND_KEYS[kind] + (isForAll ? FOR_ALL_KEY : 0) + (isGzipped ? GZIP_KEY : 0);
    let reply = replies.get(key);
    if (!reply) {
      reply = makeReply(playlist, options, isGzipped);
      replies.set(key, reply);
    }
    return reply;
  }
}

function makeReply(
  { bytes }: RenderedPlaylist,
  { kind, isForAll, targetDurationSeconds }: PlaylistReplyOptions,
  isGzipped: boolean,
): HttpReply {
  const maxAge = maxAgeSeconds(kind, targetDurationSeconds);
  return {
    status: 200,
    headers: {
      ...CORS_HEADERS,
      'Content-Type': PLAYLIST_CONTENT_TYPE,
      'Cache-Control': `${isForAll ? 'public' : 'private'}, max-age=${maxAge}`,
      Vary: 'Accept-Encoding',
      ...(isGzipped && { 'Content-Encoding': 'gzip' }),
    },
    body: isGzipped ? gzipSync(bytes, GZIP_OPTIONS) : bytes,
    isShared: true,
  };
}
