import { indexesIn, renditionBit } from '../delivery/rendition-set.ts';
import type { ViewerSessions } from '../delivery/viewer-sessions.ts';
import type { PlaylistViewers } from '../delivery/window-replies.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Conversation } from './link.ts';

/**
 * The second after which a viewer counts is a coarse one: it may be there a second sooner or later by the reports than it would be
 * without. So the reports themselves take less.
 */
const REPORT_MS = 500;

/** More than one core can answer: each asks for a playlist once in a few seconds, or once a part. */
const MAX_SESSIONS = 20_000;

/** An id of a session with nothing to enforce has 44 characters, and 66 where the viewer's country is known. */
const MAX_SESSION_ID_LENGTH = 128;

/** Topic `viewers`: what a worker's viewers did since it told last. Subject: none. */
type ViewerReport = readonly StreamReport[];

interface StreamReport {
  readonly playbackId: string;
  readonly sessions: readonly SessionReport[];
}

/** `asked`, `askedAgain`: the sets of renditions whose playlists were asked for once, and more than once. */
type SessionReport = readonly [id: string, asked: number, askedAgain: number, isParked: boolean];

/** A viewing session, as far as a worker knows it. */
interface ReportedSession {
  asked: number;
  askedAgain: number;
  parkedRequests: number;
  /** Since the last report, if not now. */
  wasParked: boolean;
}

/** Who watches what a worker serves, on the way to the main thread, which counts. Whether an id is good is for that to say. */
export class ViewerReports implements PlaylistViewers<ReportedSession> {
  readonly #conversation: Conversation;
  readonly #log: Logger;
  /** By playback id, then by their own. */
  readonly #streams = new Map<string, Map<string, ReportedSession>>();
  #sessionCount = 0;
  #untoldRequests = 0;

  constructor(options: {
    readonly conversation: Conversation;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#conversation = options.conversation;
    this.#log = options.log;
    options.clock.every(REPORT_MS, () => this.#report());
  }

  playlistRequested(
    playbackId: string,
    sessionId: string,
    renditionIndex: number,
  ): ReportedSession | undefined {
    const session = this.#session(playbackId, sessionId);
    if (!session) return undefined;
    const bit = renditionBit(renditionIndex);
    session.askedAgain |= session.asked & bit;
    session.asked |= bit;
    return session;
  }

  park(session: ReportedSession): () => void {
    session.parkedRequests++;
    session.wasParked = true;
    let isParked = true;
    return () => {
      if (!isParked) return;
      isParked = false;
      session.parkedRequests--;
    };
  }

  #session(playbackId: string, sessionId: string): ReportedSession | undefined {
    if (sessionId.length > MAX_SESSION_ID_LENGTH) return undefined;
    let sessions = this.#streams.get(playbackId);
    const known = sessions?.get(sessionId);
    if (known) return known;
    if (this.#sessionCount >= MAX_SESSIONS) {
      this.#untoldRequests++;
      return undefined;
    }
    if (!sessions) {
      sessions = new Map();
      this.#streams.set(playbackId, sessions);
    }
    const session = { asked: 0, askedAgain: 0, parkedRequests: 0, wasParked: false };
    sessions.set(sessionId, session);
    this.#sessionCount++;
    return session;
  }

  #report(): void {
    const report: StreamReport[] = [];
    for (const [playbackId, sessions] of this.#streams) {
      report.push({ playbackId, sessions: [...sessions].map(sessionReport) });
      for (const [id, session] of sessions) if (!this.#stays(session)) sessions.delete(id);
      if (sessions.size === 0) this.#streams.delete(playbackId);
    }
    if (report.length > 0) this.#conversation.send(0, report satisfies ViewerReport);
    if (this.#untoldRequests === 0) return;
    this.#log.warn(
      { requests: this.#untoldRequests, sessions: MAX_SESSIONS },
      'viewers are not counted: too many sessions at once in one worker',
    );
    this.#untoldRequests = 0;
  }

  /** It is told of again for as long as a request of it is held. */
  #stays(session: ReportedSession): boolean {
    session.asked = session.askedAgain = 0;
    session.wasParked = session.parkedRequests > 0;
    if (!session.wasParked) this.#sessionCount--;
    return session.wasParked;
  }
}

const sessionReport = ([id, session]: readonly [string, ReportedSession]): SessionReport => [
  id,
  session.asked,
  session.askedAgain,
  session.wasParked,
];

/** Counts the viewers of a worker, in the main thread, as if they had asked here just now. */
export function countReportedViewers(
  conversation: Conversation,
  viewers: Pick<ViewerSessions, 'find' | 'notePlaylist' | 'notePresence'>,
): void {
  const note = (playbackId: string, [id, asked, askedAgain, isParked]: SessionReport) => {
    const session = viewers.find(playbackId, id);
    if (!session) return;
    for (const renditions of [asked, askedAgain]) {
      for (const index of indexesIn(renditions)) viewers.notePlaylist(playbackId, session, index);
    }
    if (isParked) viewers.notePresence(session);
  };
  conversation.listen({
    message: (_subject, detail) => {
      for (const { playbackId, sessions } of detail as ViewerReport) {
        for (const session of sessions) note(playbackId, session);
      }
    },
  });
}
