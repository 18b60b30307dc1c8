import type { Clock } from '../lib/clock.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Waiter, WaitOutcome } from '../packaging/window-waiters.ts';
import {
  checkBlockingRequest,
  type DeliveryDirectives,
  DirectiveError,
  parseDeliveryDirectives,
} from '../protocols/hls/delivery-directives.ts';
import { baseUrlOf } from './base-url.ts';
import { growingMediaReply, mediaReply } from './media-reply.ts';
import { renderMultivariantPlaylist } from './multivariant-view.ts';
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
  ivsRefusal,
  METHOD_NOT_ALLOWED_REPLY,
  NO_CONTENT_REPLY,
  NOT_FOUND_REPLY,
  PREFLIGHT_REPLY,
  TIMEOUT_REPLY,
} from './playback-replies.ts';
import { PLAYLIST_CONTENT_TYPE, PlaylistReplies } from './playlist-reply.ts';
import type { ViewerSessions } from './viewer-sessions.ts';

type Reply = HttpReply | Promise<HttpReply>;
type PathOf<Kind extends PlaybackPath['kind']> = Extract<PlaybackPath, { kind: Kind }>;

/** How long a viewer who is early waits for the first segment. The longest that IVS's keyframe interval of 6 s needs, twice. */
const START_TIMEOUT_MS = 12_000;

/** How long the first rendition waits for those that come a moment later: a transcoder is a few frames behind its source. */
const LADDER_TIMEOUT_MS = 500;

export interface PlaybackRoutesOptions {
  readonly streams: StreamSource;
  readonly viewers: ViewerSessions;
  readonly clock: Clock;
  /** Without a slash at its end. Absent: each client gets URLs with the host that it asked for. */
  readonly publicUrl?: string;
}

/**
 * Everything that players fetch: multivariant playlists below `/api/video/v1/`, media playlists and media below `/live/`.
 * A reply that is at hand is returned as it is; a promise means that the request is parked.
 */
export class PlaybackRoutes {
  readonly #streams: StreamSource;
  readonly #viewers: ViewerSessions;
  readonly #clock: Clock;
  readonly #publicUrl: string | undefined;
  readonly #playlistReplies = new PlaylistReplies();

  constructor(options: PlaybackRoutesOptions) {
    this.#streams = options.streams;
    this.#viewers = options.viewers;
    this.#clock = options.clock;
    this.#publicUrl = options.publicUrl;
  }

  readonly handle: HttpHandler = (request) => {
    const { path, method } = request;
    if (!path.startsWith(LIVE_ROOT) && !path.startsWith(MULTIVARIANT_ROOT)) return undefined;
    if (method === 'OPTIONS') return PREFLIGHT_REPLY;
    if (method !== 'GET' && method !== 'HEAD') return METHOD_NOT_ALLOWED_REPLY;
    const target = parsePlaybackPath(path);
    if (!target) return NOT_FOUND_REPLY;
    if (target.kind === 'multivariant') return this.#multivariant(request, target);

    const stream = this.#streams.byPlaybackId(target.playbackId);
    if (!stream) return NOT_FOUND_REPLY;
    if (stream.requiresAuthorization) return ivsRefusal('invalid_playback_auth_token', path);
    if (target.kind === 'thumbnail') return thumbnailReply(stream);
    const index = stream.windows.findIndex(
      (window) => window.isPlayable && window.name === target.rendition,
    );
    const window = stream.windows[index];
    if (!window) return NOT_FOUND_REPLY;
    if ('extension' in target && target.extension !== window.mediaExtension) {
      return NOT_FOUND_REPLY;
    }
    switch (target.kind) {
      case 'playlist':
        return this.#mediaPlaylist(request, target.playbackId, window, index);
      case 'init': {
        const bytes = window.initSegment(target.generation);
        return bytes ? mediaReply([bytes], bytes.byteLength, request, 'm4s') : NOT_FOUND_REPLY;
      }
      case 'segment':
        return this.#segment(request, target, window);
      case 'part':
        return this.#part(request, target, window);
    }
  };

  #multivariant(request: HttpRequest, target: PathOf<'multivariant'>): Reply {
    const stream = this.#streams.onAir(target, target.channelId);
    if (!stream || stream.isEnded) return ivsRefusal('transcode_does_not_exist', request.path);
    if (stream.requiresAuthorization) {
      return ivsRefusal('invalid_playback_auth_token', request.path);
    }
    const baseUrl = this.#publicUrl ?? baseUrlOf(request);
    if (baseUrl === undefined) return badRequestReply('the Host header is not a host');
    const wantsAudioOnly = !stream.hasAudioOnly && asksForAudioOnly(request.query);
    const isPlayable = stream.windows.some((window) => window.isPlayable);
    if (!wantsAudioOnly && isPlayable && lateRenditions(stream).length === 0) {
      return this.#multivariantReply(request, stream, baseUrl);
    }
    return this.#whenPlayable(request, stream, wantsAudioOnly).then((isPlayable) =>
      isPlayable
        ? this.#multivariantReply(request, stream, baseUrl)
        : ivsRefusal('transcode_does_not_exist', request.path),
    );
  }

  #multivariantReply(request: HttpRequest, stream: StreamOnAir, baseUrl: string): HttpReply {
    const body = renderMultivariantPlaylist({
      stream,
      baseUrl,
      hasAudioOnly: stream.hasAudioOnly || asksForAudioOnly(request.query),
      sessionId: this.#viewers.begin(stream.playbackId),
      viewerAddress: request.remoteAddress,
      nowMs: this.#clock.nowMs(),
    });
    return {
      status: 200,
      // Every viewer's own: a copy would make many viewers one.
      headers: {
        ...CORS_HEADERS,
        'Content-Type': PLAYLIST_CONTENT_TYPE,
        'Cache-Control': 'no-store',
      },
      body,
    };
  }

  /** With the sound by itself: until that can be played too, or the time is over, whichever comes first. */
  #whenPlayable(
    request: HttpRequest,
    stream: StreamOnAir,
    wantsAudioOnly: boolean,
  ): Promise<boolean> {
    const playable = async (): Promise<boolean> => {
      const isPlayable = await stream.whenPlayable();
      if (isPlayable && wantsAudioOnly) {
        stream.addAudioOnly();
        const window = stream.windows.find(({ hasPicture }) => !hasPicture);
        if (window?.isPlayable === false) {
          await window.waitForPlaylist(window.nextMsn, undefined).outcome;
        }
      }
      if (isPlayable) await this.#ladder(stream);
      return isPlayable;
    };
    return new Promise((resolve, reject) => {
      const isPlayable = () => stream.windows.some((window) => window.isPlayable);
      const cancel = this.#clock.after(START_TIMEOUT_MS, () => resolve(isPlayable()));
      request.onClose(cancel);
      playable().then(resolve, reject).finally(cancel);
    });
  }

  /** Players read the multivariant playlist once: what is not in it then, they never play. */
  async #ladder(stream: StreamOnAir): Promise<void> {
    const waiters = lateRenditions(stream).map((window) =>
      window.waitForPlaylist(window.nextMsn, undefined),
    );
    if (waiters.length === 0) return;
    const timeout = Promise.withResolvers<void>();
    const cancel = this.#clock.after(LADDER_TIMEOUT_MS, timeout.resolve);
    await Promise.race([timeout.promise, Promise.all(waiters.map(({ outcome }) => outcome))]);
    cancel();
    for (const waiter of waiters) waiter.cancel();
  }

  #mediaPlaylist(
    request: HttpRequest,
    playbackId: string,
    window: LiveWindow,
    renditionIndex: number,
  ): Reply {
    const sessionId = sessionIdIn(request.query);
    const session =
      sessionId === undefined
        ? undefined
        : this.#viewers.playlistRequested(playbackId, sessionId, renditionIndex);
    // Without CAN-BLOCK-RELOAD in the playlist, and after ENDLIST (RFC 8216bis 6.2.5.2), there are no directives.
    if (!window.isLowLatency || window.isEnded) {
      return this.#playlistReply(request, window, NO_DIRECTIVES);
    }
    let directives: DeliveryDirectives;
    try {
      directives = parseDeliveryDirectives(request.query);
      checkBlockingRequest(directives, {
        lastMsn: window.nextMsn - 1,
        openPartCount: window.nextPart,
        partTargetSeconds: window.partTargetSeconds,
      });
    } catch (error) {
      if (error instanceof DirectiveError) return badRequestReply(error.message);
      throw error;
    }
    const { msn, part } = directives;
    if (msn === undefined || isInPlaylist(window, msn, part)) {
      return this.#playlistReply(request, window, directives);
    }
    const waiter = window.waitForPlaylist(msn, part);
    const release = session && this.#viewers.park(session);
    if (release) request.onClose(release);
    return whenAvailable(request, waiter, (outcome) => {
      release?.();
      return outcome === 'available'
        ? this.#playlistReply(request, window, directives)
        : TIMEOUT_REPLY;
    });
  }

  #playlistReply(
    request: HttpRequest,
    window: LiveWindow,
    directives: DeliveryDirectives,
  ): HttpReply {
    const kind = directives.msn === undefined ? 'plain' : 'blocking';
    return this.#playlistReplies.reply(
      window.mediaPlaylist({ skip: directives.skip !== undefined }),
      {
        kind: window.isEnded ? 'ended' : kind,
        targetDurationSeconds: window.targetDurationSeconds,
        acceptEncoding: request.headers['accept-encoding'],
      },
    );
  }

  #segment(request: HttpRequest, { msn }: PathOf<'segment'>, window: LiveWindow): Reply {
    const reply = segmentReply(request, window, msn);
    if (reply) return reply;
    // The second of a playlist's prefetch lines is one beyond the segment that is open or about to open.
    const isAnnounced = msn >= window.nextMsn && msn <= window.nextMsn + 1;
    if (!window.isLowLatency || !isAnnounced) return NOT_FOUND_REPLY;
    if (window.isEnded) return NO_CONTENT_REPLY;
    return whenAvailable(
      request,
      window.waitForSegment(msn),
      (outcome) =>
        segmentReply(request, window, msn) ??
        (outcome === 'timeout' ? TIMEOUT_REPLY : NO_CONTENT_REPLY),
    );
  }

  #part(request: HttpRequest, { msn, index }: PathOf<'part'>, window: LiveWindow): Reply {
    const reply = partReply(request, window, msn, index);
    if (reply) return reply;
    const isHinted =
      (msn === window.nextMsn && index === window.nextPart) ||
      (msn === window.nextMsn + 1 && index === 0);
    if (!window.isLowLatency || window.isEnded || !isHinted) return NOT_FOUND_REPLY;
    return whenAvailable(
      request,
      window.waitForPart(msn, index),
      (outcome) => partReply(request, window, msn, index) ?? unavailableReply(outcome),
    );
  }
}

/** Renditions that are about to have their first segment. One that does not come with the leader's first is not waited for. */
function lateRenditions({ windows, hasAudioOnly }: StreamOnAir): readonly LiveWindow[] {
  const late = windows.filter(
    (window) => !window.isPlayable && (window.hasPicture || hasAudioOnly),
  );
  if (late.length === 0) return late;
  const isBeginning = windows.every((window) => window.listedSegments.length <= 1);
  return isBeginning ? late : [];
}

const NO_DIRECTIVES: DeliveryDirectives = {};

/** IVS: "allow_audio_only=true" as a query parameter of the playback URL. */
const asksForAudioOnly = (query: string): boolean =>
  new URLSearchParams(query).get('allow_audio_only') === 'true';

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

/** Whether it certainly is; the few cases at the seam of two segments that this leaves out are the waiter's to decide. */
function isInPlaylist(window: LiveWindow, msn: number, part: number | undefined): boolean {
  if (part === undefined) return window.nextMsn > msn;
  if (window.nextMsn === msn) return window.nextPart > part;
  return window.nextMsn > msn + 1 || (window.nextMsn === msn + 1 && window.nextPart > 0);
}

function segmentReply(
  request: HttpRequest,
  window: LiveWindow,
  msn: number,
): HttpReply | undefined {
  const segment = window.segment(msn);
  if (!segment || segment.isGap) return undefined;
  const extension = window.mediaExtension;
  if (!segment.isComplete) {
    // Answered from its first part on, so that what is begun is never empty.
    return segment.parts.length > 0 ? growingMediaReply(segment.growing(), extension) : undefined;
  }
  const buffers = segment.parts.map((part) => part.bytes());
  return mediaReply(buffers, segment.byteLength, request, extension);
}

function partReply(
  request: HttpRequest,
  window: LiveWindow,
  msn: number,
  index: number,
): HttpReply | undefined {
  const part = window.part(msn, index);
  return part && mediaReply([part.bytes()], part.byteLength, request, window.mediaExtension);
}

const unavailableReply = (outcome: WaitOutcome): HttpReply =>
  outcome === 'timeout' ? TIMEOUT_REPLY : NOT_FOUND_REPLY;

function whenAvailable(
  request: HttpRequest,
  waiter: Waiter,
  reply: (outcome: WaitOutcome) => HttpReply,
): Promise<HttpReply> {
  request.onClose(() => waiter.cancel());
  return waiter.outcome.then(reply);
}
