import { PlaybackRefusal, refuseToken } from '../domain/playback-refusal.ts';
import { checkRestrictions } from '../domain/viewer-restrictions.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import type { ClientAddresses } from './client-addresses.ts';
import type { PlaybackAuthorization, PlaybackSubject } from './playback-authorization.ts';
import type { CountrySource, PlaybackRecords } from './ports.ts';
import type { SessionGrant } from './session-grant.ts';
import type { SessionIds } from './session-ids.ts';

/** Whose recordings those are that a key tells of. */
export interface RecordedChannels {
  find(channel: {
    readonly accountId: string;
    readonly channelId: string;
  }): Promise<PlaybackSubject | undefined>;
}

/** What a request gets: the object, perhaps for itself alone, or a session in whose name to ask again. */
export type RecordingAdmission =
  | { readonly kind: 'public' }
  | { readonly kind: 'private' }
  | { readonly kind: 'new-session'; readonly sessionId: string };

/** As `recordingPrefix` of `src/recording` makes them. */
const PREFIX =
  /^(ivs\/v1\/([0-9]{12})\/([A-Za-z0-9]{1,32})\/(?:[0-9]{1,4}\/){5}[A-Za-z0-9]{1,64})\//;

/** A session plays on the day that it began and on the next. */
const DAY_MS = 24 * 3600 * 1000;

/**
 * Decides who may play a recording: everybody that of a channel which everybody may watch; that of a private one, or of one
 * with a restriction policy, who could start a playback of the channel now. Such a viewer gets a session, whose id is in the path
 * of everything below: playlists are relative, and find it there.
 */
export class RecordingAccess {
  readonly #channels: RecordedChannels;
  readonly #authorization: PlaybackAuthorization;
  readonly #records: Pick<PlaybackRecords, 'revokedVersion'>;
  readonly #countries: CountrySource;
  readonly #clients: ClientAddresses;
  readonly #ids: SessionIds;
  readonly #clock: Clock;

  constructor(options: {
    readonly channels: RecordedChannels;
    readonly authorization: PlaybackAuthorization;
    readonly records: Pick<PlaybackRecords, 'revokedVersion'>;
    readonly countries: CountrySource;
    readonly clients: ClientAddresses;
    readonly ids: SessionIds;
    readonly clock: Clock;
  }) {
    this.#channels = options.channels;
    this.#authorization = options.authorization;
    this.#records = options.records;
    this.#countries = options.countries;
    this.#clients = options.clients;
    this.#ids = options.ids;
    this.#clock = options.clock;
  }

  /** Rejects with `PlaybackRefusal`. */
  async admit(
    request: HttpRequest,
    {
      key,
      sessionId,
      isThere,
    }: {
      readonly key: string;
      /** Of the path. */
      readonly sessionId: string | undefined;
      /** Whether the object is; asked on behalf of those alone who may have it. */
      readonly isThere: () => Promise<boolean>;
    },
  ): Promise<RecordingAdmission> {
    const [, prefix = '', accountId = '', channelId = ''] = PREFIX.exec(key) ?? [];
    const channel = prefix === '' ? undefined : await this.#channels.find({ accountId, channelId });
    // What it was nobody knows any more: not for everyone.
    if (!channel) throw new PlaybackRefusal('unauthorized_entitlements', 'no channel has it');
    if (!channel.requiresAuthorization && channel.playbackRestrictionPolicyArn === '') {
      return { kind: 'public' };
    }
    if (sessionId !== undefined) {
      await this.#goOn(request, channel, { prefix, sessionId });
      return { kind: 'private' };
    }
    const admission = await this.#authorization.checkRecorded(channel, request);
    if (admission.grant.maximumResolution) {
      const message = 'aws:maximum-resolution is for live streams';
      throw new PlaybackRefusal('unauthorized_entitlements', message);
    }
    // As it is live, nothing is used up by a look at the headers, nor by a playlist that is not there yet.
    if (request.method === 'HEAD' || !(await isThere())) return { kind: 'private' };
    const grant = await this.#authorization.beginRecorded(channel, admission);
    return { kind: 'new-session', sessionId: this.#ids.issue(this.#today(prefix), grant) };
  }

  async #goOn(
    request: HttpRequest,
    channel: PlaybackSubject,
    session: { readonly prefix: string; readonly sessionId: string },
  ): Promise<void> {
    const grant = this.#open(session);
    const address = this.#clients.of(request);
    for (const restrictions of grant.enforced ?? []) {
      const country = this.#countries.countryOf(address);
      checkRestrictions(restrictions, { country, origin: request.headers['origin'] });
    }
    const { viewer } = grant;
    const revoked = viewer && (await this.#records.revokedVersion(channel.channelArn, viewer.id));
    if (viewer && revoked !== undefined && viewer.version <= revoked) {
      refuseToken('viewer session is revoked');
    }
  }

  #open({
    prefix,
    sessionId,
  }: {
    readonly prefix: string;
    readonly sessionId: string;
  }): SessionGrant {
    return (
      this.#ids.open(this.#today(prefix), sessionId) ??
      this.#ids.open(this.#today(prefix, -1), sessionId) ??
      refuseToken('the session is over, or of another recording')
    );
  }

  /** What a session is sealed for: ids of other recordings, of live streams and of former days do not open. */
  #today(prefix: string, days = 0): string {
    return `recording ${prefix} ${Math.floor(this.#clock.nowMs() / DAY_MS) + days}`;
  }
}
