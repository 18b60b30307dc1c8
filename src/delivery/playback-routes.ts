import { PlaybackRefusal } from '../domain/playback-refusal.ts';
import { fitsResolution } from '../domain/viewer-restrictions.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Waiter, WaitOutcome } from '../packaging/window-waiters.ts';
import {
  checkBlockingRequest,
  type DeliveryDirectives,
  DirectiveError,
  parseDeliveryDirectives,
} from '../protocols/hls/delivery-directives.ts';
import { untilCut } from './cut-off.ts';
import { growingMediaReply, MediaReplies } from './media-reply.ts';
import { MultivariantRoute, type MultivariantRouteOptions } from './multivariant-route.ts';
import type { StreamOnAir, StreamSource } from './on-air.ts';
import {
  LIVE_ROOT,
  MULTIVARIANT_ROOT,
  type PlaybackPath,
  parsePlaybackPath,
} from './playback-path.ts';
import {
  badRequestReply,
  CORS_HEADERS,
  forOneViewer,
  ivsRefusal,
  METHOD_NOT_ALLOWED_REPLY,
  NO_CONTENT_REPLY,
  NOT_FOUND_REPLY,
  PREFLIGHT_REPLY,
  TIMEOUT_REPLY,
} from './playback-replies.ts';
import { PlaylistReplies } from './playlist-reply.ts';
import { noSession, type SessionGate } from './session-gate.ts';
import type { ViewerSessions, ViewingSession } from './viewer-sessions.ts';

type Reply = HttpReply | Promise<HttpReply>;
type LivePath = Exclude<PlaybackPath, { kind: 'multivariant' }>;
type PathOf<Kind extends PlaybackPath['kind']> = Extract<PlaybackPath, { kind: Kind }>;

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
  readonly #playlistReplies = new PlaylistReplies();
  readonly #mediaReplies = new MediaReplies();

  constructor(options: PlaybackRoutesOptions) {
    this.#streams = options.streams;
    this.#viewers = options.viewers;
    this.#gate = options.gate;
    this.#multivariant = new MultivariantRoute(options);
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
    const index = stream.windows.findIndex(
      (window) => window.isPlayable && window.name === target.rendition,
    );
    const window = stream.windows[index];
    if (!window) return NOT_FOUND_REPLY;
    if ('extension' in target && target.extension !== window.mediaExtension) {
      return NOT_FOUND_REPLY;
    }
    if (!fitsResolution(window.describe().picture, session?.grant.maximumResolution))
      throw noSession(stream);
    switch (target.kind) {
      case 'playlist': {
        const viewer = this.#notePlaylist(request, stream, session, index);
        return untilCut(session, request, this.#mediaPlaylist(request, window, viewer, !session));
      }
      case 'init': {
        const bytes = window.initSegment(target.generation);
        return bytes
          ? this.#mediaReplies.reply(bytes, () => [bytes], request, 'm4s')
          : NOT_FOUND_REPLY;
      }
      case 'segment':
        return untilCut(session, request, this.#segment(request, target, window));
      case 'part':
        return untilCut(session, request, this.#part(request, target, window));
    }
  }

  #notePlaylist(
    request: HttpRequest,
    { playbackId }: StreamOnAir,
    session: ViewingSession | undefined,
    renditionIndex: number,
  ): ViewingSession | undefined {
    if (!session) {
      const sessionId = sessionIdIn(request.query);
      if (sessionId === undefined) return undefined;
      return this.#viewers.playlistRequested(playbackId, sessionId, renditionIndex);
    }
    this.#viewers.notePlaylist(playbackId, session, renditionIndex);
    return session;
  }

  #mediaPlaylist(
    request: HttpRequest,
    window: LiveWindow,
    session: ViewingSession | undefined,
    isForAll: boolean,
  ): Reply {
    // Without CAN-BLOCK-RELOAD in the playlist there are no directives.
    if (!window.isLowLatency) {
      return this.#playlistReply(request, window, NO_DIRECTIVES, isForAll);
    }
    let directives: DeliveryDirectives;
    try {
      directives = parseDeliveryDirectives(request.query);
      if (!window.isEnded) {
        checkBlockingRequest(directives, {
          lastMsn: window.nextMsn - 1,
          openPartCount: window.nextPart,
          partTargetSeconds: window.partTargetSeconds,
        });
      }
    } catch (error) {
      if (!(error instanceof DirectiveError)) throw error;
      if (!window.isEnded) return badRequestReply(error.message);
      directives = NO_DIRECTIVES;
    }
    const { msn, part } = directives;
    if (window.isEnded || msn === undefined || isInPlaylist(window, msn, part)) {
      return this.#playlistReply(request, window, directives, isForAll);
    }
    const waiter = window.waitForPlaylist(msn, part);
    const release = session && this.#viewers.park(session);
    if (release) request.onClose(release);
    return whenAvailable(request, waiter, (outcome) => {
      release?.();
      return outcome === 'available'
        ? this.#playlistReply(request, window, directives, isForAll)
        : TIMEOUT_REPLY;
    });
  }

  /**
   * Directives are ignored after ENDLIST (RFC 8216bis 6.2.5.2), but that it comes with the answer to the next request where this one
   * asks for something that there is: hls.js (1.7.4) leaves a part unloaded that comes together with ENDLIST, and waits for ever
   * before the end.
   */
  #playlistReply(
    request: HttpRequest,
    window: LiveWindow,
    { msn, part, skip }: DeliveryDirectives,
    isForAll: boolean,
  ): HttpReply {
    const { isEnded } = window;
    const isBeforeEnd = isEnded && msn !== undefined && isInPlaylist(window, msn, part);
    const liveKind = isEnded || msn === undefined ? 'plain' : 'blocking';
    return this.#playlistReplies.reply(
      window.mediaPlaylist({ skip: !isEnded && skip !== undefined, isBeforeEnd }),
      {
        kind: isEnded && !isBeforeEnd ? 'ended' : liveKind,
        targetDurationSeconds: window.targetDurationSeconds,
        acceptEncoding: request.headers['accept-encoding'],
        isForAll,
      },
    );
  }

  #segment(request: HttpRequest, { msn }: PathOf<'segment'>, window: LiveWindow): Reply {
    const reply = this.#segmentReply(request, window, msn);
    if (reply) return reply;
    // The second of a playlist's prefetch lines is one beyond the segment that is open or about to open.
    const isAnnounced = msn >= window.nextMsn && msn <= window.nextMsn + 1;
    if (!window.isLowLatency || !isAnnounced) return NOT_FOUND_REPLY;
    if (window.isEnded) return NO_CONTENT_REPLY;
    return whenAvailable(
      request,
      window.waitForSegment(msn),
      (outcome) =>
        this.#segmentReply(request, window, msn) ??
        (outcome === 'timeout' ? TIMEOUT_REPLY : NO_CONTENT_REPLY),
    );
  }

  #part(request: HttpRequest, { msn, index }: PathOf<'part'>, window: LiveWindow): Reply {
    const reply = this.#partReply(request, window, msn, index);
    if (reply) return reply;
    const isHinted =
      (msn === window.nextMsn && index === window.nextPart) ||
      (msn === window.nextMsn + 1 && index === 0);
    if (!window.isLowLatency || window.isEnded || !isHinted) return NOT_FOUND_REPLY;
    return whenAvailable(
      request,
      window.waitForPart(msn, index),
      (outcome) => this.#partReply(request, window, msn, index) ?? unavailableReply(outcome),
    );
  }

  #segmentReply(request: HttpRequest, window: LiveWindow, msn: number): HttpReply | undefined {
    const segment = window.segment(msn);
    if (!segment || segment.isGap) return undefined;
    const extension = window.mediaExtension;
    if (!segment.isComplete) {
      // Answered from its first part on, so that what is begun is never empty.
      return segment.parts.length > 0 ? growingMediaReply(segment.growing(), extension) : undefined;
    }
    const buffers = () => segment.parts.map((part) => part.bytes());
    return this.#mediaReplies.reply(segment, buffers, request, extension);
  }

  #partReply(
    request: HttpRequest,
    window: LiveWindow,
    msn: number,
    index: number,
  ): HttpReply | undefined {
    const part = window.part(msn, index);
    return (
      part && this.#mediaReplies.reply(part, () => [part.bytes()], request, window.mediaExtension)
    );
  }
}

const isRestricted = (stream: StreamOnAir): boolean =>
  stream.requiresAuthorization || stream.playbackRestrictionPolicyArn !== '';

/** What is refused at once is thrown. */
function orRefusal(reply: Reply, path: string): Reply {
  return reply instanceof Promise ? reply.catch((error) => refusalReply(error, path)) : reply;
}

function refusalReply(error: unknown, path: string): HttpReply {
  if (!(error instanceof PlaybackRefusal)) throw error;
  return ivsRefusal(error.code, error.message, path);
}

const NO_DIRECTIVES: DeliveryDirectives = {};

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

const SESSION_PARAMETER = /(?:^|&)s=([^&]*)/;

function sessionIdIn(query: string): string | undefined {
  return SESSION_PARAMETER.exec(query)?.[1];
}

/** Whether the playlist has it, or something later. */
function isInPlaylist(window: LiveWindow, msn: number, part: number | undefined): boolean {
  if (part === undefined) return window.nextMsn > msn;
  if (window.part(msn, part)) return true;
  return window.nextMsn > msn + 1 || (window.nextMsn === msn + 1 && window.nextPart > 0);
}

const unavailableReply = (outcome: WaitOutcome): HttpReply =>
  outcome === 'timeout' ? TIMEOUT_REPLY : NOT_FOUND_REPLY;

function whenAvailable(
  request: HttpRequest,
  waiter: Waiter,
  reply: (outcome: WaitOutcome) => HttpReply,
): Promise<HttpReply> {
  request.onClose(waiter.cancel);
  return waiter.outcome.then(reply);
}
