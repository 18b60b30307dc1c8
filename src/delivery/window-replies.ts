import type { HttpReply, HttpRequest } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { hasInPlaylist } from '../packaging/window-requests.ts';
import type { Waiter, WaitOutcome } from '../packaging/window-waiters.ts';
import {
  checkBlockingRequest,
  type DeliveryDirectives,
  DirectiveError,
  parseDeliveryDirectives,
} from '../protocols/hls/delivery-directives.ts';
import { growingMediaReply, MediaReplies } from './media-reply.ts';
import type { PlaybackPath } from './playback-path.ts';
import {
  badRequestReply,
  NO_CONTENT_REPLY,
  NOT_FOUND_REPLY,
  TIMEOUT_REPLY,
} from './playback-replies.ts';
import { PlaylistReplies } from './playlist-reply.ts';

type Reply = HttpReply | Promise<HttpReply>;
type PathOf<Kind extends PlaybackPath['kind']> = Extract<PlaybackPath, { kind: Kind }>;

/** What a window answers to: its playlist, its init segments, its segments and their parts. */
export type WindowPath = PathOf<'playlist' | 'init' | 'segment' | 'part'>;

/** Who watches, as far as it shows in requests for playlists. */
export interface PlaylistViewers<Session> {
  /** `undefined`: the session counts for nothing. `renditionIndex`: its place among the stream's. */
  playlistRequested(
    playbackId: string,
    sessionId: string,
    renditionIndex: number,
  ): Session | undefined;
  /** The session's request is held. Call what comes back when it is not any more; twice is harmless. */
  park(session: Session): () => void;
}

/** One of a stream's windows, and its place among them. */
interface Rendition {
  /** Of the stream. */
  readonly playbackId: string;
  readonly window: LiveWindow;
  readonly index: number;
}

/** The window that a path names, where it can be played. */
export function findRendition(
  { playbackId, windows }: { readonly playbackId: string; readonly windows: readonly LiveWindow[] },
  target: WindowPath,
): Rendition | undefined {
  const index = windows.findIndex(
    (window) => window.isPlayable && window.name === target.rendition,
  );
  const window = windows[index];
  if (!window) return undefined;
  if ('extension' in target && target.extension !== window.mediaExtension) return undefined;
  return { playbackId, window, index };
}

/**
 * What is fetched of a stream's windows, whoever may: playlists with their blocking reloads, and media. A reply that is at hand is
 * returned as it is; a promise means that the request is parked.
 */
export class WindowReplies<Session> {
  readonly #viewers: PlaylistViewers<Session>;
  readonly #playlistReplies = new PlaylistReplies();
  readonly #mediaReplies = new MediaReplies();

  constructor(viewers: PlaylistViewers<Session>) {
    this.#viewers = viewers;
  }

  /** `admitted`: the session without which there would be no answer, and which is noted already. */
  reply(
    request: HttpRequest,
    target: WindowPath,
    { playbackId, window, index }: Rendition,
    admitted: Session | undefined,
  ): Reply {
    switch (target.kind) {
      case 'playlist': {
        const session = admitted ?? this.#notePlaylist(request, playbackId, index);
        return this.#mediaPlaylist(request, window, session, admitted === undefined);
      }
      case 'init': {
        const bytes = window.initSegment(target.generation);
        return bytes
          ? this.#mediaReplies.reply(bytes, () => [bytes], request, 'm4s')
          : NOT_FOUND_REPLY;
      }
      case 'segment':
        return this.#segment(request, target, window);
      case 'part':
        return this.#part(request, target, window);
    }
  }

  #notePlaylist(
    request: HttpRequest,
    playbackId: string,
    renditionIndex: number,
  ): Session | undefined {
    const sessionId = sessionIdIn(request.query);
    if (sessionId === undefined) return undefined;
    return this.#viewers.playlistRequested(playbackId, sessionId, renditionIndex);
  }

  #mediaPlaylist(
    request: HttpRequest,
    window: LiveWindow,
    session: Session | undefined,
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
    if (window.isEndDue || msn === undefined || hasInPlaylist(window, msn, part)) {
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
    const isBeforeEnd = isEnded && msn !== undefined && hasInPlaylist(window, msn, part);
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

const NO_DIRECTIVES: DeliveryDirectives = {};

const SESSION_PARAMETER = /(?:^|&)s=([^&]*)/;

export function sessionIdIn(query: string): string | undefined {
  return SESSION_PARAMETER.exec(query)?.[1];
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
