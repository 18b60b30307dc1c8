import { PlaybackRefusal } from '../domain/playback-refusal.ts';
import { fitsResolution } from '../domain/viewer-restrictions.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import { untilCut } from './cut-off.ts';
import { MultivariantRoute, type MultivariantRouteOptions } from './multivariant-route.ts';
import { isRestricted, type StreamOnAir, type StreamSource } from './on-air.ts';
import {
  LIVE_ROOT,
  MULTIVARIANT_ROOT,
  type PlaybackPath,
  parsePlaybackPath,
} from './playback-path.ts';
import {
  CORS_HEADERS,
  forOneViewer,
  ivsRefusal,
  METHOD_NOT_ALLOWED_REPLY,
  NOT_FOUND_REPLY,
  PREFLIGHT_REPLY,
} from './playback-replies.ts';
import { noSession, type SessionGate } from './session-gate.ts';
import type { ViewerSessions } from './viewer-sessions.ts';
import type { ViewingSession } from './viewing-session.ts';
import { findRendition, sessionIdIn, WindowReplies } from './window-replies.ts';

type Reply = HttpReply | Promise<HttpReply>;
type LivePath = Exclude<PlaybackPath, { kind: 'multivariant' }>;

export interface PlaybackRoutesOptions extends MultivariantRouteOptions {
  readonly gate: SessionGate;
}

/**
 * Everything that players fetch: multivariant playlists below `/api/video/v1/`, media playlists and media below `/live/`.
 * A reply that is at hand is returned as it is; a promise means that the request is parked.
 */
export class PlaybackRoutes {
  readonly #streams: StreamSource;
  readonly #viewers: ViewerSessions;
  readonly #gate: SessionGate;
  readonly #multivariant: MultivariantRoute;
  readonly #replies: WindowReplies<ViewingSession>;

  constructor(options: PlaybackRoutesOptions) {
    this.#streams = options.streams;
    this.#viewers = options.viewers;
    this.#gate = options.gate;
    this.#multivariant = new MultivariantRoute(options);
    this.#replies = new WindowReplies(options.viewers);
  }

  readonly handle: HttpHandler = (request) => {
    const { path, method } = request;
    if (!path.startsWith(LIVE_ROOT) && !path.startsWith(MULTIVARIANT_ROOT)) return undefined;
    if (method === 'OPTIONS') return PREFLIGHT_REPLY;
    if (method !== 'GET' && method !== 'HEAD') return METHOD_NOT_ALLOWED_REPLY;
    const target = parsePlaybackPath(path);
    if (!target) return NOT_FOUND_REPLY;
    try {
      return target.kind === 'multivariant'
        ? orRefusal(this.#multivariant.reply(request, target), path)
        : this.#live(request, target);
    } catch (error) {
      return refusalReply(error, path);
    }
  };

  #live(request: HttpRequest, target: LivePath): Reply {
    const stream = this.#streams.byPlaybackId(target.playbackId);
    if (!stream) return NOT_FOUND_REPLY;
    const isBound = target.boundSessionId !== undefined;
    if (isBound !== (target.playbackId === stream.boundPlaybackId)) return NOT_FOUND_REPLY;
    // Media that is not bound has URLs that can't be guessed and are other ones with each stream: who has them may have it.
    const isMedia = target.kind !== 'playlist' && target.kind !== 'thumbnail';
    if (!isBound && (isMedia || !isRestricted(stream))) {
      return this.#serve(request, target, stream, undefined);
    }
    const sessionId = target.boundSessionId ?? sessionIdIn(request.query);
    const session = this.#gate.admit(stream, request, { sessionId, isBound });
    const serve = (admitted: ViewingSession) => {
      const reply = this.#serve(request, target, stream, admitted);
      if (target.kind === 'playlist') return reply;
      return reply instanceof Promise ? reply.then(forOneViewer) : forOneViewer(reply);
    };
    return orRefusal(
      session instanceof Promise ? session.then(serve) : serve(session),
      request.path,
    );
  }

  /** `session`: the one without which there would be no answer. */
  #serve(
    request: HttpRequest,
    target: LivePath,
    stream: StreamOnAir,
    session: ViewingSession | undefined,
  ): Reply {
    if (target.kind === 'thumbnail') return thumbnailReply(stream);
    const rendition = findRendition(stream, target);
    if (!rendition) return NOT_FOUND_REPLY;
    if (!fitsResolution(rendition.window.describe().picture, session?.grant.maximumResolution)) {
      throw noSession(stream);
    }
    if (session && target.kind === 'playlist') {
      this.#viewers.notePlaylist(stream.playbackId, session, rendition.index);
    }
    return untilCut(session, request, this.#replies.reply(request, target, rendition, session));
  }
}

/** What is refused at once is thrown. */
function orRefusal(reply: Reply, path: string): Reply {
  return reply instanceof Promise ? reply.catch((error) => refusalReply(error, path)) : reply;
}

function refusalReply(error: unknown, path: string): HttpReply {
  if (!(error instanceof PlaybackRefusal)) throw error;
  return ivsRefusal(error.code, error.message, path);
}

/** Changes every few seconds; a page that shows many channels asks for many. */
function thumbnailReply({ thumbnail }: StreamOnAir): HttpReply {
  if (!thumbnail) return NOT_FOUND_REPLY;
  return {
    status: 200,
    headers: {
      ...CORS_HEADERS,
      'Content-Type': 'image/jpeg',
      'Cache-Control': 'public, max-age=2',
    },
    body: [thumbnail],
  };
}
