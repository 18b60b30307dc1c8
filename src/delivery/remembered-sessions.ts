import { SESSION_TIMEOUT_MS, type ViewingSession } from './viewing-session.ts';

/** Sessions of a stream that stay cut, oldest forgotten first. */
const MAX_CUT_SESSIONS = 10_000;

export interface ViewerLimits {
  /** Sessions that are remembered, playing or not yet; beyond it the longest-waiting probe is forgotten first. */
  readonly maxSessionsPerStream: number;
  readonly maxSessions: number;
}

const DEFAULT_VIEWER_LIMITS: ViewerLimits = {
  maxSessionsPerStream: 50_000,
  maxSessions: 100_000,
};

interface StreamSessions {
  readonly counted: Map<string, ViewingSession>;
  /** Not known to be players yet, oldest first. */
  readonly waiting: Map<string, ViewingSession>;
  /** Ids. */
  readonly cut: Set<string>;
}

/** The viewing sessions that are in memory, by stream: those that count, those that may come to, and the ids of those that were cut. */
export class RememberedSessions {
  readonly #limits: ViewerLimits;
  readonly #streams = new Map<string, StreamSessions>();
  #size = 0;

  constructor(limits: ViewerLimits = DEFAULT_VIEWER_LIMITS) {
    this.#limits = limits;
  }

  /** Of all streams together, without those that were cut. */
  get size(): number {
    return this.#size;
  }

  find(playbackId: string, sessionId: string): ViewingSession | undefined {
    const stream = this.#streams.get(playbackId);
    return stream?.counted.get(sessionId) ?? stream?.waiting.get(sessionId);
  }

  isCut(playbackId: string, sessionId: string): boolean {
    return this.#streams.get(playbackId)?.cut.has(sessionId) ?? false;
  }

  /** Those that count; `undefined` for none. */
  counted(playbackId: string): ReadonlyMap<string, ViewingSession> | undefined {
    return this.#streams.get(playbackId)?.counted;
  }

  /** How many of a stream's sessions there are, whether they count or not. */
  sizeOf(playbackId: string): number {
    const stream = this.#streams.get(playbackId);
    return stream ? stream.counted.size + stream.waiting.size : 0;
  }

  /** A stream's sessions, whether they count or not, in a list that stays as it is. */
  list(playbackId: string): readonly ViewingSession[] {
    const stream = this.#streams.get(playbackId);
    return stream ? [...stream.counted.values(), ...stream.waiting.values()] : [];
  }

  /** Remembers a session that does not count yet. `false`: there is no room. */
  add(playbackId: string, session: ViewingSession): boolean {
    const stream = this.#stream(playbackId);
    if (!this.#makeRoom(stream)) return false;
    stream.waiting.set(session.id, session);
    this.#size++;
    return true;
  }

  /** From now on the session counts, if it is remembered. */
  promote(playbackId: string, session: ViewingSession): void {
    const stream = this.#streams.get(playbackId);
    if (!stream?.waiting.delete(session.id)) return;
    session.isCounted = true;
    stream.counted.set(session.id, session);
  }

  /** Remembers no more of the session than that it was cut. */
  cut(playbackId: string, { id }: ViewingSession): void {
    const stream = this.#stream(playbackId);
    if (stream.counted.delete(id) || stream.waiting.delete(id)) this.#size--;
    const [oldest] = stream.cut;
    if (stream.cut.size >= MAX_CUT_SESSIONS && oldest !== undefined) stream.cut.delete(oldest);
    stream.cut.add(id);
  }

  /** The stream is gone. */
  forget(playbackId: string): void {
    this.#size -= this.sizeOf(playbackId);
    this.#streams.delete(playbackId);
  }

  /** Forgets the sessions that have timed out. */
  forgetAbsent(nowMs: number): void {
    const deadlineMs = nowMs - SESSION_TIMEOUT_MS;
    for (const [playbackId, stream] of this.#streams) {
      this.#forgetUnseen(stream.counted, deadlineMs);
      this.#forgetUnseen(stream.waiting, deadlineMs);
      if (stream.counted.size + stream.waiting.size + stream.cut.size === 0) {
        this.#streams.delete(playbackId);
      }
    }
  }

  #forgetUnseen(sessions: Map<string, ViewingSession>, deadlineMs: number): void {
    for (const [id, session] of sessions) {
      if (session.parkedRequests > 0 || session.lastSeenMs > deadlineMs) continue;
      sessions.delete(id);
      this.#size--;
    }
  }

  #stream(playbackId: string): StreamSessions {
    let stream = this.#streams.get(playbackId);
    if (!stream) {
      stream = { counted: new Map(), waiting: new Map(), cut: new Set() };
      this.#streams.set(playbackId, stream);
    }
    return stream;
  }

  #makeRoom(stream: StreamSessions): boolean {
    const ofStream = stream.counted.size + stream.waiting.size;
    const { maxSessionsPerStream, maxSessions } = this.#limits;
    if (ofStream < maxSessionsPerStream && this.#size < maxSessions) return true;
    const oldest = stream.waiting.keys().next();
    if (oldest.done) return false;
    stream.waiting.delete(oldest.value);
    this.#size--;
    return true;
  }
}
