import { allowsOrigin } from './origin-pattern.ts';
import type { MaximumResolution } from './playback-claims.ts';
import { PlaybackRefusal } from './playback-refusal.ts';

/** What a viewer must be to play: of one of these countries, and on a page of one of these origins. */
export interface ViewerRestrictions {
  /** ISO 3166-1 alpha-2; none means all. */
  readonly countries: readonly string[];
  /** Patterns; none means all. */
  readonly origins: readonly string[];
}

/** Where a request comes from, as far as that is known. */
export interface ViewerWhereabouts {
  readonly country: string | undefined;
  /** The `Origin` header. */
  readonly origin: string | undefined;
}

/**
 * "If the viewer's location cannot be determined, playback is allowed" holds for countries; for origins, see `allowsOrigin`.
 *
 * @throws PlaybackRefusal
 */
export function checkRestrictions(
  { countries, origins }: ViewerRestrictions,
  { country, origin }: ViewerWhereabouts,
): void {
  if (country !== undefined && countries.length > 0 && !countries.includes(country)) {
    throw new PlaybackRefusal('content_geoblocked', 'content is not available in your country');
  }
  if (!allowsOrigin(origins, origin)) {
    throw new PlaybackRefusal('unauthorized_entitlements', 'origin is not allowed');
  }
}

const MAX_SHORT_EDGE: Readonly<Record<MaximumResolution, number>> = {
  SD: 480,
  HD: 720,
  FULL_HD: 1080,
};

/** Whether a picture of this size may be shown; a portrait one is measured as if it lay on its side. Sound alone always may. */
export function fitsResolution(
  picture: { readonly width: number; readonly height: number } | undefined,
  maximum: MaximumResolution | undefined,
): boolean {
  if (maximum === undefined || picture === undefined) return true;
  return Math.min(picture.width, picture.height) <= MAX_SHORT_EDGE[maximum];
}
