import { LIVE_ROOT, parsePlaybackPath } from '../delivery/playback-path.ts';
import {
  findRendition,
  type PlaylistViewers,
  type WindowPath,
  WindowReplies,
} from '../delivery/window-replies.ts';
import type { HttpHandler } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { StreamReplica } from './stream-replicas.ts';

/**
 * What a worker answers by itself: playlists and media of streams that everybody may watch. Whatever it has no replica for is
 * another handler's, and so is what it would refuse: the main thread is a moment ahead of it.
 */
export class ReplicaRoutes<Session> {
  readonly #find: (playbackId: string) => StreamReplica | undefined;
  readonly #replies: WindowReplies<Session>;

  constructor(options: {
    readonly streams: { find(playbackId: string): StreamReplica | undefined };
    readonly viewers: PlaylistViewers<Session>;
  }) {
    this.#find = (playbackId) => options.streams.find(playbackId);
    this.#replies = new WindowReplies(options.viewers);
  }

  readonly handle: HttpHandler = (request) => {
    const { path, method } = request;
    if (!path.startsWith(LIVE_ROOT) || (method !== 'GET' && method !== 'HEAD')) return undefined;
    const target = parsePlaybackPath(path);
    if (target === undefined || target.kind === 'multivariant' || target.kind === 'thumbnail') {
      return undefined;
    }
    if (target.boundSessionId !== undefined) return undefined;
    const stream = this.#find(target.playbackId);
    if (stream === undefined) return undefined;
    const rendition = findRendition(stream, target);
    if (rendition === undefined || !hasBytes(stream, rendition.window, target)) return undefined;
    const reply = this.#replies.reply(request, target, rendition, undefined);
    return reply instanceof Promise || reply.status < 400 ? reply : undefined;
  };
}

/** Of segments from before the stream was taken up there is perhaps no more than what playlists say of them. */
const hasBytes = (
  { firstMsnsWithBytes }: StreamReplica,
  window: LiveWindow,
  target: WindowPath,
): boolean => !('msn' in target) || target.msn >= (firstMsnsWithBytes.get(window) ?? 0);
