import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpReply, HttpRequest } from '../lib/http.ts';
import { baseUrlOf } from './base-url.ts';
import type { ClientAddresses } from './client-addresses.ts';
import { renderMultivariantPlaylist } from './multivariant-view.ts';
import type { StreamOnAir, StreamSource } from './on-air.ts';
import type { Admission, PlaybackAuthorization } from './playback-authorization.ts';
import { badRequestReply, CORS_HEADERS, offlineReply } from './playback-replies.ts';
import { PLAYLIST_CONTENT_TYPE } from './playlist-reply.ts';
import type { CountrySource } from './ports.ts';
import type { SessionGrant } from './session-grant.ts';
import type { ViewerSessions } from './viewer-sessions.ts';
import { isReady, whenPlayable } from './when-playable.ts';

export interface MultivariantRouteOptions {
  readonly streams: StreamSource;
  readonly viewers: ViewerSessions;
  readonly authorization: PlaybackAuthorization;
  readonly clients: ClientAddresses;
  /** Absent: nobody's country is known. */
  readonly countries?: CountrySource;
  readonly clock: Clock;
  /** Without a slash at its end. Absent: each client gets URLs with the host that it asked for. */
  readonly publicUrl?: string;
}

/** Where a playback starts: who may, gets a session and the playlist that carries it. */
export class MultivariantRoute {
  readonly #options: MultivariantRouteOptions;

  constructor(options: MultivariantRouteOptions) {
    this.#options = options;
  }

  /** @throws PlaybackRefusal, or rejects with it */
  reply(
    request: HttpRequest,
    target: Tenant & { readonly channelId: string },
  ): HttpReply | Promise<HttpReply> {
    const { streams, authorization, publicUrl } = this.#options;
    const stream = streams.onAir(target, target.channelId);
    if (!stream || stream.isEnded) return offlineReply(request.path);
    const baseUrl = publicUrl ?? baseUrlOf(request);
    if (baseUrl === undefined) return badRequestReply('the Host header is not a host');
    const admission = authorization.check(stream, request);
    return admission instanceof Promise
      ? admission.then((admitted) => this.#startWhenPlayable(request, stream, baseUrl, admitted))
      : this.#startWhenPlayable(request, stream, baseUrl, admission);
  }

  #startWhenPlayable(
    request: HttpRequest,
    stream: StreamOnAir,
    baseUrl: string,
    admission: Admission,
  ): HttpReply | Promise<HttpReply> {
    const wantsAudioOnly = !stream.hasAudioOnly && asksForAudioOnly(request.query);
    if (isReady(stream, wantsAudioOnly)) return this.#start(request, stream, baseUrl, admission);
    const { clock } = this.#options;
    return whenPlayable(stream, request, { wantsAudioOnly, clock }).then((isPlayable) =>
      isPlayable ? this.#start(request, stream, baseUrl, admission) : offlineReply(request.path),
    );
  }

  #start(
    request: HttpRequest,
    stream: StreamOnAir,
    baseUrl: string,
    admission: Admission,
  ): HttpReply | Promise<HttpReply> {
    // Who asks for the head alone starts nothing, and uses nothing up.
    const grant =
      request.method === 'HEAD'
        ? admission.grant
        : this.#options.authorization.begin(stream, admission);
    return grant instanceof Promise
      ? grant.then((granted) => this.#playlist(request, stream, baseUrl, granted))
      : this.#playlist(request, stream, baseUrl, grant);
  }

  #playlist(
    request: HttpRequest,
    stream: StreamOnAir,
    baseUrl: string,
    grant: SessionGrant,
  ): HttpReply {
    const { viewers, clients, countries, clock } = this.#options;
    const viewerAddress = clients.of(request);
    const country = countries?.countryOf(viewerAddress);
    const body = renderMultivariantPlaylist({
      stream,
      baseUrl,
      hasAudioOnly: stream.hasAudioOnly || asksForAudioOnly(request.query),
      sessionId: viewers.begin(stream.playbackId, country ? { ...grant, country } : grant),
      grant,
      viewerAddress,
      nowMs: clock.nowMs(),
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
}

/** IVS: "allow_audio_only=true" as a query parameter of the playback URL. */
const asksForAudioOnly = (query: string): boolean =>
  new URLSearchParams(query).get('allow_audio_only') === 'true';
