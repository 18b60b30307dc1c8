import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RememberedSessions, type ViewerLimits } from './remembered-sessions.ts';
import { renditionBit } from './rendition-set.ts';
import { OPEN_GRANT, type SessionGrant } from './session-grant.ts';
import type { SessionIds } from './session-ids.ts';
import { newSession, type ViewingSession } from './viewing-session.ts';

/**
 * A session counts from a playlist that it asks for again this long after its first request. A probe (ffprobe, a link
 * preview, a health check) reads each playlist once, or a few times at once; a player comes back for as long as it plays,
 * at the latest after one target duration, which leaves room within IVS's 15 s (GetStream, viewerCount).
 */
const MIN_WATCH_MS = 2_000;

const COARSE_CLOCK_MS = 1_000;
const SWEEP_EVERY_TICKS = 5;

/**
 * Who is watching. Only media playlist requests count: they carry the session's id, every player makes them for as long
 * as it plays, and a player that re-reads media to measure bandwidth, as IVS's does, makes no view of it. A viewer who
 * changes renditions keeps the id and stays one.
 */
export class ViewerSessions {
  readonly #ids: SessionIds;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #remembered: RememberedSessions;
  readonly #cancelTimer: CancelTimer;
  #nowMs: number;
  #ticks = 0;
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
    this.#remembered = new RememberedSessions(options.limits);
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
    const known = this.#remembered.find(playbackId, sessionId);
    if (known) return known;
    if (this.#remembered.isCut(playbackId, sessionId)) return undefined;
    const grant = this.#ids.open(playbackId, sessionId);
    return grant && this.#track(playbackId, newSession(sessionId, grant, this.#nowMs));
  }

  /** Ends what the session has under way, and refuses it from now on. */
  cut(playbackId: string, session: ViewingSession): void {
    if (session.isCut) return;
    session.isCut = true;
    this.#remembered.cut(playbackId, session);
    for (const listener of session.cutListeners) listener();
    session.cutListeners.clear();
  }

  /** Cuts the sessions that a viewer has with tokens of this version or a lower one. */
  cutViewer(playbackId: string, viewerId: string, versionsThrough: number): void {
    for (const session of this.#remembered.list(playbackId)) {
      const { viewer } = session.grant;
      if (viewer?.id !== viewerId || viewer.version > versionsThrough) continue;
      this.cut(playbackId, session);
    }
  }

  /** Notes where a request of the session comes from. `false`: it comes from more networks at once than one viewer has. */
  isOneViewer({ networks }: ViewingSession, network: string): boolean {
    return networks.isOneViewer(network, this.#nowMs);
  }

  /** The stream is gone, and what was remembered of it. */
  forget(playbackId: string): void {
    this.#remembered.forget(playbackId);
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
    return this.#remembered.counted(playbackId)?.size ?? 0;
  }

  /** Those of whom the country is known, by it. Takes as long as there are viewers: for once a second, not for a request. */
  countByCountry(playbackId: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { grant } of this.#remembered.counted(playbackId)?.values() ?? []) {
      const { country } = grant;
      if (country !== undefined) counts.set(country, (counts.get(country) ?? 0) + 1);
    }
    return counts;
  }

  /** All that are there, those too that may yet turn out to be probes. */
  countPresent(playbackId: string): number {
    return this.#remembered.sizeOf(playbackId);
  }

  close(): void {
    this.#cancelTimer();
  }

  /** Remembers the session where there is room; without, it is served and counts for nothing. */
  #track(playbackId: string, session: ViewingSession): ViewingSession {
    if (!this.#remembered.add(playbackId, session)) this.#untrackedRequests++;
    return session;
  }

  #countIfPlaying(playbackId: string, session: ViewingSession, renditionIndex: number): void {
    // ffprobe reads the playlist of every rendition, each one once: only one that is asked for again is being played.
    const bit = renditionBit(renditionIndex);
    const isAskedAgain = (session.askedRenditions & bit) !== 0;
    session.askedRenditions |= bit;
    if (!isAskedAgain || this.#nowMs - session.firstSeenMs < MIN_WATCH_MS) return;
    this.#remembered.promote(playbackId, session);
  }

  #tick(): void {
    this.#nowMs = this.#clock.monotonicMs();
    this.#ticks++;
    if (this.#ticks % SWEEP_EVERY_TICKS !== 0) return;
    this.#remembered.forgetAbsent(this.#nowMs);
    if (this.#untrackedRequests > 0) {
      this.#log.warn(
        { requests: this.#untrackedRequests, sessions: this.#remembered.size },
        'viewers are not counted: too many sessions',
      );
      this.#untrackedRequests = 0;
    }
  }
}
