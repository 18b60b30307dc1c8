import { PlaybackRefusal } from '../domain/playback-refusal.ts';
import { checkRestrictions } from '../domain/viewer-restrictions.ts';
import { addressKey } from '../lib/address-key.ts';
import type { HttpRequest } from '../lib/http.ts';
import type { Logger } from '../lib/logger.ts';
import type { ClientAddresses } from './client-addresses.ts';
import type { StreamOnAir } from './on-air.ts';
import type { CountrySource, PlaybackRecords } from './ports.ts';
import { isBound } from './session-grant.ts';
import { publicSessionId } from './session-ids.ts';
import type { ViewerSessions } from './viewer-sessions.ts';
import type { ViewingSession } from './viewing-session.ts';

export interface SessionGateOptions {
  readonly viewers: ViewerSessions;
  readonly records: Pick<PlaybackRecords, 'revokedVersion'>;
  readonly countries: CountrySource;
  readonly clients: ClientAddresses;
  readonly log: Logger;
}

/** Decides who may go on with a playback. Nothing is looked up for it but what is in memory, except as a session begins. */
export class SessionGate {
  readonly #options: SessionGateOptions;

  constructor(options: SessionGateOptions) {
    this.#options = options;
  }

  /**
   * The session of a request for something of a private or restricted stream. `isBound`: its id was in the path.
   *
   * @throws PlaybackRefusal, or rejects with it
   */
  admit(
    stream: StreamOnAir,
    request: HttpRequest,
    id: { readonly sessionId: string | undefined; readonly isBound: boolean },
  ): ViewingSession | Promise<ViewingSession> {
    const { viewers, clients, countries } = this.#options;
    const { sessionId = '' } = id;
    const session = viewers.find(stream.playbackId, sessionId);
    if (!session || isBound(session.grant) !== id.isBound) throw noSession(stream);
    const address = clients.of(request);
    for (const restrictions of session.grant.enforced ?? []) {
      const country = restrictions.countries.length > 0 ? countries.countryOf(address) : undefined;
      checkRestrictions(restrictions, { country, origin: request.headers['origin'] });
    }
    if (stream.requiresAuthorization) this.#requireOneViewer(stream, session, address);
    return session.isStandingKnown ? session : this.#lookUpStanding(stream, session);
  }

  /** "If the URL of a session is shared, the session is revoked" (IVS, Setting up private channels). */
  #requireOneViewer(stream: StreamOnAir, session: ViewingSession, address: string): void {
    const { viewers, log } = this.#options;
    if (viewers.isOneViewer(session, addressKey(address))) return;
    viewers.cut(stream.playbackId, session);
    log.warn(
      { channel: stream.channelArn, session: publicSessionId(session.id) },
      'a viewing session is shared, and was cut',
    );
    throw noSession(stream);
  }

  /**
   * Its viewer may have been revoked after the token was seen and before this session was, or while it was forgotten. From
   * here on a revocation finds it in memory.
   */
  async #lookUpStanding(stream: StreamOnAir, session: ViewingSession): Promise<ViewingSession> {
    const { viewers, records } = this.#options;
    const { viewer } = session.grant;
    const revoked = viewer && (await records.revokedVersion(stream.channelArn, viewer.id));
    if (viewer && revoked !== undefined && viewer.version <= revoked) {
      viewers.cut(stream.playbackId, session);
    }
    session.isStandingKnown = true;
    if (session.isCut) throw noSession(stream);
    return session;
  }
}

/** Also of one that was cut. */
export function noSession({ requiresAuthorization }: StreamOnAir): PlaybackRefusal {
  return new PlaybackRefusal(
    requiresAuthorization ? 'invalid_playback_auth_token' : 'unauthorized_entitlements',
    'playback session is not valid',
  );
}
