/**
 * Codes that IVS's players know, with the HTTP status that carries them
 * (https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/player-web.html); those marked are our own, because IVS documents none.
 */
export const PLAYBACK_REFUSALS = {
  transcode_does_not_exist: 404,
  /** Player code 7. */
  invalid_playback_auth_token: 403,
  /** Player code 1. */
  content_geoblocked: 403,
  /** Player code 5: an origin that a policy keeps out, or no rendition that the viewer may have. */
  unauthorized_entitlements: 403,
  /** Ours. */
  concurrent_viewers_limit_exceeded: 429,
} as const;

export type PlaybackRefusalCode = keyof typeof PLAYBACK_REFUSALS;

/** A viewer is not let in, or not any more. Thrown where the rule is known; `delivery/playback-routes.ts` answers with it, once. */
export class PlaybackRefusal extends Error {
  override name = 'PlaybackRefusal';
  readonly code: PlaybackRefusalCode;

  /** `message` is shown to the viewer: no part of a token. */
  constructor(code: PlaybackRefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function refuseToken(message: string): never {
  throw new PlaybackRefusal('invalid_playback_auth_token', message);
}
