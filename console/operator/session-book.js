// What is known of the account's stream sessions. Read a few at a time, what changes first: an account may have hundreds of channels.

import { ApiError } from './api.js';
import { failuresOf } from './failures.js';

/** Calls of one operation in a step; IVS lets an account make five a second. */
const CALLS_A_STEP = 4;
const SESSIONS_A_CHANNEL = 20;
const RELIST_MS = 60_000;
const REREAD_LIVE_MS = 15_000;
/** Until its picture is known, which is with the first keyframe. */
const REREAD_NEW_MS = 2_000;
/** A recording ends, or fails to, a while after its stream. */
const SETTLING_MS = 5 * 60_000;
const REREAD_SETTLING_MS = 30_000;
/** Sessions without an error are read for their warnings, if they are not older than this. */
const WARNINGS_MS = 24 * 3_600_000;

export class SessionBook {
  #client;
  #sessions = new Map();
  /** When a channel's sessions were listed, and what was on air then. */
  #listings = new Map();
  /** Why a channel or a session can't be looked into, as where a policy leaves it out; of the newest step. */
  problem;

  constructor(client) {
    this.#client = client;
  }

  /** What the encoder of a stream sends, as far as it is known. */
  videoOf(streamId) {
    return this.#sessions.get(streamId)?.video;
  }

  /** Errors and warnings of all sessions that were read, newest first. */
  failures() {
    return [...this.#sessions.values()]
      .flatMap(({ channelArn, streamId, failures }) =>
        failures.map((failure) => ({ ...failure, channelArn, streamId })),
      )
      .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  }

  /** How many of the channels were looked at. */
  countLooked(channelArns) {
    return channelArns.filter((arn) => this.#listings.has(arn)).length;
  }

  /** What ListStreams says: a session on air is known before it is listed. */
  noteLive(streams) {
    for (const { channelArn, streamId, startTime, health } of streams) {
      const session = this.#session(channelArn, { streamId, startTime, hasErrorEvent: false });
      if (session.health !== health) session.isChanged = true;
      session.health = health;
    }
  }

  /** The next few calls; resolves to whether there were any to make. */
  async look(channelArns, streams) {
    this.problem = undefined;
    const now = Date.now();
    const live = new Map(streams.map(({ channelArn, streamId }) => [channelArn, streamId]));
    const channels = channelArns
      .map((arn) => ({ arn, urgency: this.#listingUrgency(arn, live.get(arn), channelArns, now) }))
      .filter(({ urgency }) => urgency > 0)
      .sort((a, b) => b.urgency - a.urgency)
      .slice(0, CALLS_A_STEP);
    await Promise.all(channels.map(({ arn }) => this.#list(arn, live.get(arn), now)));
    const sessions = [...this.#sessions.values()]
      .map((session) => ({ session, urgency: readingUrgency(session, now) }))
      .filter(({ urgency }) => urgency > 0)
      .sort((a, b) => b.urgency - a.urgency)
      .slice(0, CALLS_A_STEP);
    await Promise.all(sessions.map(({ session }) => this.#read(session, now)));
    return channels.length + sessions.length > 0;
  }

  #listingUrgency(arn, liveStreamId, { length: channelCount }, now) {
    const listing = this.#listings.get(arn);
    if (!listing) return liveStreamId ? 4 : 2;
    if (listing.liveStreamId !== liveStreamId) return 3;
    return now - listing.atMs > Math.max(RELIST_MS, channelCount * 1000) ? 1 : 0;
  }

  async #list(channelArn, liveStreamId, now) {
    const input = { channelArn, maxResults: SESSIONS_A_CHANNEL };
    const { streamSessions = [] } = await this.#ask('ListStreamSessions', input);
    this.#listings.set(channelArn, { atMs: now, liveStreamId });
    const listed = new Set(streamSessions.map(({ streamId }) => streamId));
    for (const [streamId, session] of this.#sessions) {
      const isOfIt = session.channelArn === channelArn;
      if (isOfIt && !listed.has(streamId) && streamId !== liveStreamId) {
        this.#sessions.delete(streamId);
      }
    }
    for (const summary of streamSessions) {
      const session = this.#session(channelArn, summary);
      const { endTime, hasErrorEvent } = summary;
      if (session.endTime !== endTime || session.hasErrorEvent !== hasErrorEvent) {
        session.isChanged = true;
      }
      Object.assign(session, { endTime, hasErrorEvent });
    }
  }

  async #read(session, now) {
    const { channelArn, streamId } = session;
    const input = { channelArn, streamId };
    const { streamSession } = await this.#ask('GetStreamSession', input);
    session.isChanged = false;
    session.readAtMs = now;
    if (!streamSession) return;
    session.video = streamSession.ingestConfiguration?.video;
    session.failures = failuresOf(streamSession, session.hasErrorEvent);
  }

  /** One that is refused is none the less done with: the others have their turn. */
  async #ask(operation, input) {
    try {
      return await this.#client.ivs(operation, input);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isOfOneCall) throw error;
      // Deleted since it was listed.
      if (error.name !== 'ResourceNotFoundException') this.problem = error;
      return {};
    }
  }

  #session(channelArn, { streamId, startTime, endTime, hasErrorEvent }) {
    let session = this.#sessions.get(streamId);
    if (!session) {
      session = { channelArn, streamId, startTime, endTime, hasErrorEvent, failures: [] };
      this.#sessions.set(streamId, session);
    }
    return session;
  }
}

/** 0: not now. Who is on air comes first, then errors. */
function readingUrgency({ endTime, hasErrorEvent, readAtMs, isChanged, video }, now) {
  const sinceReadMs = now - (readAtMs ?? Number.NEGATIVE_INFINITY);
  if (endTime === undefined) {
    if (isChanged || readAtMs === undefined) return 5;
    return sinceReadMs > (video ? REREAD_LIVE_MS : REREAD_NEW_MS) ? 4 : 0;
  }
  const sinceEndMs = now - Date.parse(endTime);
  if (isChanged) return 3;
  if (readAtMs === undefined) return hasErrorEvent ? 3 : sinceEndMs < WARNINGS_MS ? 1 : 0;
  return sinceEndMs < SETTLING_MS && sinceReadMs > REREAD_SETTLING_MS ? 2 : 0;
}
