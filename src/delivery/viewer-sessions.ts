import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { renditionBit } from './rendition-set.ts';
import { OPEN_GRANT, type SessionGrant } from './session-grant.ts';
import type { SessionIds } from './session-ids.ts';

/**
 * A session counts from a playlist that it asks for again this long after its first request. A probe (ffprobe, a link
 * preview, a health check) reads each playlist once, or a few times at once; a player comes back for as long as it plays,
 * at the latest after one target duration, which leaves room within IVS's 15 s (GetStream, viewerCount).
 */
const MIN_WATCH_MS = 2_000;

/**
 * A session ends this long after its last playlist request. Twice IVS's longest target duration and some; with the sweep
 * it stays within the minute in which a view must disappear.
 */
const SESSION_TIMEOUT_MS = 30_000;

/**
 * More networks than this within the timeout are more people than one. A viewer has one, two while a phone changes over
 * or a browser tries both of IPv4 and IPv6, and a few behind a privacy relay.
 */
const MAX_NETWORKS = 5;

/** Sessions of a stream that stay cut, oldest forgotten first. */
const MAX_CUT_SESSIONS = 10_000;

const COARSE_CLOCK_MS = 1_000;
const SWEEP_EVERY_TICKS = 5;

export interface ViewerLimits {
  /** Sessions that are remembered, playing or not yet; beyond it the longest-waiting probe is forgotten first. */
  readonly maxSessionsPerStream: number;
  readonly maxSessions: number;
}

export const DEFAULT_VIEWER_LIMITS: ViewerLimits = {
  maxSessionsPerStream: 50_000,
  maxSessions: 100_000,
};

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
  /** Where its last request came from. */
  network: string | undefined;
  /** Where its requests came from before, and when they were last seen to. */
  readonly networks: Map<string, number>;
}

interface StreamViewers {
  readonly counted: Map<string, ViewingSession>;
  /** Not known to be players yet, oldest first. */
  readonly waiting: Map<string, ViewingSession>;
  /** Ids. */
  readonly cut: Set<string>;
}

/**
 * Who is watching. Only media playlist requests count: they carry the session's id, every player makes them for as long
 * as it plays, and a player that re-reads media to measure bandwidth, as IVS's does, makes no view of it. A viewer who
 * changes renditions keeps the id and stays one.
 */
export class ViewerSessions {
  readonly #ids: SessionIds;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #limits: ViewerLimits;
  readonly #streams = new Map<string, StreamViewers>();
  readonly #cancelTimer: CancelTimer;
  #nowMs: number;
  #ticks = 0;
  #sessionCount = 0;
  #untrackedRequests = 0;

  constructor(options: {
    readonly ids: SessionIds;
    readonly clock: Clock;
    readonly log: Logger;
    readonly limits?: ViewerLimits;
  }) {
    this.#ids = options.ids;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limits = options.limits ?? DEFAULT_VIEWER_LIMITS;
    this.#nowMs = options.clock.monotonicMs();
    this.#cancelTimer = options.clock.every(COARSE_CLOCK_MS, () => this.#tick());
  }

  /** A new session's id, for the URLs of one viewer. */
  begin(playbackId: string, grant: SessionGrant = OPEN_GRANT): string {
    return this.#ids.issue(playbackId, grant);
  }

  /**
   * A session of this stream, remembered from now on where there is room. `undefined` where the id is not one of this stream's, or
   * was cut.
   */
  find(playbackId: string, sessionId: string): ViewingSession | undefined {
    const stream = this.#streams.get(playbackId);
    const known = stream?.counted.get(sessionId) ?? stream?.waiting.get(sessionId);
    if (known) return known;
    if (stream?.cut.has(sessionId)) return undefined;
    const grant = this.#ids.open(playbackId, sessionId);
    return grant && this.#track(playbackId, newSession(sessionId, grant, this.#nowMs));
  }

  /** Ends what the session has under way, and refuses it from now on. */
  cut(playbackId: string, session: ViewingSession): void {
    if (session.isCut) return;
    session.isCut = true;
    const stream = this.#stream(playbackId);
    if (stream.counted.delete(session.id) || stream.waiting.delete(session.id)) {
      this.#sessionCount--;
    }
    const [oldest] = stream.cut;
    if (stream.cut.size >= MAX_CUT_SESSIONS && oldest !== undefined) stream.cut.delete(oldest);
    stream.cut.add(session.id);
    for (const listener of session.cutListeners) listener();
    session.cutListeners.clear();
  }

  /** Cuts the sessions that a viewer has with tokens of this version or a lower one. */
  cutViewer(playbackId: string, viewerId: string, versionsThrough: number): void {
    const stream = this.#streams.get(playbackId);
    if (!stream) return;
    for (const session of [...stream.counted.values(), ...stream.waiting.values()]) {
      const { viewer } = session.grant;
      if (viewer?.id !== viewerId || viewer.version > versionsThrough) continue;
      this.cut(playbackId, session);
    }
  }

  /** Notes where a request of the session comes from. `false`: it comes from more networks at once than one viewer has. */
  isOneViewer(session: ViewingSession, network: string): boolean {
    if (network === session.network) return true;
    const { networks } = session;
    if (session.network !== undefined) networks.set(session.network, this.#nowMs);
    session.network = network;
    networks.set(network, this.#nowMs);
    if (networks.size <= MAX_NETWORKS) return true;
    for (const [other, seenMs] of networks) {
      if (this.#nowMs - seenMs > SESSION_TIMEOUT_MS) networks.delete(other);
    }
    return networks.size <= MAX_NETWORKS;
  }

  /** The stream is gone, and what was remembered of it. */
  forget(playbackId: string): void {
    const stream = this.#streams.get(playbackId);
    if (!stream) return;
    this.#sessionCount -= stream.counted.size + stream.waiting.size;
    this.#streams.delete(playbackId);
  }

  /**
   * Notes a media playlist request. `undefined` where the id is not one of this stream's, or at the bound: the request
   * is then served like any other, and counts for nothing.
   */
  playlistRequested(
    playbackId: string,
    sessionId: string,
    renditionIndex: number,
  ): ViewingSession | undefined {
    const session = this.find(playbackId, sessionId);
    if (session) this.notePlaylist(playbackId, session, renditionIndex);
    return session;
  }

  /** The same for a session that is at hand. */
  notePlaylist(playbackId: string, session: ViewingSession, renditionIndex: number): void {
    session.lastSeenMs = this.#nowMs;
    if (!session.isCounted) this.#countIfPlaying(playbackId, session, renditionIndex);
  }

  /** The session is there, though it asks for nothing just now. */
  notePresence(session: ViewingSession): void {
    session.lastSeenMs = this.#nowMs;
  }

  /** The session's request is held: it stays for as long. Call what comes back when it is not any more; twice is harmless. */
  park(session: ViewingSession): () => void {
    session.parkedRequests++;
    let isParked = true;
    return () => {
      if (!isParked) return;
      isParked = false;
      session.parkedRequests--;
      this.notePresence(session);
    };
  }

  count(playbackId: string): number {
    return this.#streams.get(playbackId)?.counted.size ?? 0;
  }

  /** Those of whom the country is known, by it. Takes as long as there are viewers: for once a second, not for a request. */
  countByCountry(playbackId: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { grant } of this.#streams.get(playbackId)?.counted.values() ?? []) {
      const { country } = grant;
      if (country !== undefined) counts.set(country, (counts.get(country) ?? 0) + 1);
    }
    return counts;
  }

  /** All that are there, those too that may yet turn out to be probes. */
  countPresent(playbackId: string): number {
    const stream = this.#streams.get(playbackId);
    return stream ? stream.counted.size + stream.waiting.size : 0;
  }

  close(): void {
    this.#cancelTimer();
  }

  /** Remembers the session where there is room; without, it is served and counts for nothing. */
  #track(playbackId: string, session: ViewingSession): ViewingSession {
    const stream = this.#stream(playbackId);
    if (this.#makeRoom(stream)) {
      stream.waiting.set(session.id, session);
      this.#sessionCount++;
    } else {
      this.#untrackedRequests++;
    }
    return session;
  }

  #stream(playbackId: string): StreamViewers {
    let stream = this.#streams.get(playbackId);
    if (!stream) {
      stream = { counted: new Map(), waiting: new Map(), cut: new Set() };
      this.#streams.set(playbackId, stream);
    }
    return stream;
  }

  #makeRoom(stream: StreamViewers): boolean {
    const ofStream = stream.counted.size + stream.waiting.size;
    const { maxSessionsPerStream, maxSessions } = this.#limits;
    if (ofStream < maxSessionsPerStream && this.#sessionCount < maxSessions) return true;
    const oldest = stream.waiting.keys().next();
    if (oldest.done) return false;
    stream.waiting.delete(oldest.value);
    this.#sessionCount--;
    return true;
  }

  #countIfPlaying(playbackId: string, session: ViewingSession, renditionIndex: number): void {
    // ffprobe reads the playlist of every rendition, each one once: only one that is asked for again is being played.
    const bit = renditionBit(renditionIndex);
    const isAskedAgain = (session.askedRenditions & bit) !== 0;
    session.askedRenditions |= bit;
    if (!isAskedAgain || this.#nowMs - session.firstSeenMs < MIN_WATCH_MS) return;
    const stream = this.#streams.get(playbackId);
    if (!stream?.waiting.delete(session.id)) return;
    session.isCounted = true;
    stream.counted.set(session.id, session);
  }

  #tick(): void {
    this.#nowMs = this.#clock.monotonicMs();
    this.#ticks++;
    if (this.#ticks % SWEEP_EVERY_TICKS !== 0) return;
    for (const [playbackId, stream] of this.#streams) {
      this.#forgetAbsent(stream.counted);
      this.#forgetAbsent(stream.waiting);
      if (stream.counted.size + stream.waiting.size + stream.cut.size === 0) {
        this.#streams.delete(playbackId);
      }
    }
    if (this.#untrackedRequests > 0) {
      this.#log.warn(
        { requests: this.#untrackedRequests, sessions: this.#sessionCount },
        'viewers are not counted: too many sessions',
      );
      this.#untrackedRequests = 0;
    }
  }

  #forgetAbsent(sessions: Map<string, ViewingSession>): void {
    const deadlineMs = this.#nowMs - SESSION_TIMEOUT_MS;
    for (const [id, session] of sessions) {
      if (session.parkedRequests > 0 || session.lastSeenMs > deadlineMs) continue;
      sessions.delete(id);
      this.#sessionCount--;
    }
  }
}

function newSession(id: string, grant: SessionGrant, nowMs: number): ViewingSession {
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
    network: undefined,
    networks: new Map(),
  };
}
