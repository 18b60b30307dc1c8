import type { SessionGrant } from './session-grant.ts';
import { SessionNetworks } from './session-networks.ts';

/**
 * A session ends this long after its last playlist request. Twice IVS's longest target duration and some; with the sweep
 * it stays within the minute in which a view must disappear.
 */
export const SESSION_TIMEOUT_MS = 30_000;

/** What is remembered of a viewing session, from its first playlist request until it times out. */
export interface ViewingSession {
  readonly id: string;
  readonly grant: SessionGrant;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  /** Blocking reloads that are parked: the viewer is there for as long as they are. */
  parkedRequests: number;
  isCounted: boolean;
  /** Those whose playlists were asked for, as a set of `renditionBit`s. */
  askedRenditions: number;
  /** Whether it was looked up, since it was last forgotten, that the session's viewer is not revoked. */
  isStandingKnown: boolean;
  /** It must not go on. */
  isCut: boolean;
  /** Called at that moment, each once. */
  readonly cutListeners: Set<() => void>;
  readonly networks: SessionNetworks;
}

/** A session that is seen for the first time, or again after it was forgotten. */
export function newSession(id: string, grant: SessionGrant, nowMs: number): ViewingSession {
  return {
    id,
    grant,
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    parkedRequests: 0,
    isCounted: false,
    askedRenditions: 0,
    isStandingKnown: grant.viewer === undefined,
    isCut: false,
    cutListeners: new Set(),
    networks: new SessionNetworks(SESSION_TIMEOUT_MS),
  };
}
