import type { AdClaims, MaximumResolution, TokenViewer } from '../domain/playback-claims.ts';
import type { ViewerRestrictions } from '../domain/viewer-restrictions.ts';

/** What a viewing session was let in with. It travels in the session's id, so that nobody has to look it up. */
export interface SessionGrant {
  readonly viewer?: TokenViewer;
  readonly maximumResolution?: MaximumResolution;
  /** Of the token and of the policy: checked again on every playlist and every piece of media. */
  readonly enforced?: readonly ViewerRestrictions[];
  /** Where the viewer was when the playback started, where that is known: views are counted by it. */
  readonly country?: string;
  /** Kept for whoever inserts ads. */
  readonly ads?: AdClaims;
}

export const OPEN_GRANT: SessionGrant = {};

/**
 * Whether the session's media is for it alone: then its id is in the path of every URL, under a root of its own. The others
 * share theirs, so that a CDN can keep them.
 */
export function isBound({ enforced, maximumResolution }: SessionGrant): boolean {
  return enforced !== undefined || maximumResolution !== undefined;
}
