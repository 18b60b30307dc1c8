import type { JWTPayload } from 'jose';
import { allowsOrigin } from '../domain/origin-pattern.ts';
import { type PlaybackClaims, readPlaybackClaims } from '../domain/playback-claims.ts';
import { PlaybackRefusal, refuseToken } from '../domain/playback-refusal.ts';
import type { PlaybackRestrictionPolicyRecord } from '../domain/playback-restriction-policy.ts';
import type { Tenant } from '../domain/tenant.ts';
import {
  checkRestrictions,
  fitsResolution,
  type ViewerRestrictions,
} from '../domain/viewer-restrictions.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/http.ts';
import type { ClientAddresses } from './client-addresses.ts';
import { isRestricted, type StreamOnAir } from './on-air.ts';
import { PlaybackTokens, tokenIn } from './playback-token.ts';
import type { ConcurrentViews, CountrySource, PlaybackRecords } from './ports.ts';
import { OPEN_GRANT, type SessionGrant } from './session-grant.ts';

export interface PlaybackAuthorizationOptions {
  readonly records: PlaybackRecords;
  readonly countries: CountrySource;
  readonly clients: ClientAddresses;
  readonly views: ConcurrentViews;
  readonly maxConcurrentViews: number;
  readonly clock: Clock;
}

/** What a viewer wants to play, as far as that decides who may. */
export type PlaybackSubject = Tenant &
  Pick<StreamOnAir, 'channelArn' | 'requiresAuthorization' | 'playbackRestrictionPolicyArn'>;

/** A viewer who may start, with what its token said. */
export interface Admission {
  readonly grant: SessionGrant;
  readonly claims?: PlaybackClaims;
}

const PUBLIC_ADMISSION: Admission = { grant: OPEN_GRANT };

/** Decides who may start a playback: tokens, restriction policies, the quota of concurrent views. */
export class PlaybackAuthorization {
  readonly #options: PlaybackAuthorizationOptions;
  readonly #tokens = new PlaybackTokens();

  constructor(options: PlaybackAuthorizationOptions) {
    this.#options = options;
  }

  /**
   * Whether the viewer may start; at once where everybody may. Nothing is used up yet: the stream may still not be there.
   *
   * @throws PlaybackRefusal, or rejects with it
   */
  check(stream: StreamOnAir, request: HttpRequest): Admission | Promise<Admission> {
    const { views, maxConcurrentViews } = this.#options;
    const wanted = views.countViews(stream) + 1;
    views.observeViews(stream, wanted, maxConcurrentViews);
    if (wanted > maxConcurrentViews) {
      throw new PlaybackRefusal('concurrent_viewers_limit_exceeded', 'too many concurrent viewers');
    }
    if (!isRestricted(stream)) return PUBLIC_ADMISSION;
    return this.#check(stream, request);
  }

  /**
   * Starts the playback: uses up a token that is good for one, and refuses who was revoked.
   *
   * @throws PlaybackRefusal, or rejects with it
   */
  begin(stream: StreamOnAir, admission: Admission): SessionGrant | Promise<SessionGrant> {
    const { grant, claims } = admission;
    const { maximumResolution } = grant;
    const playable = stream.windows.filter((window) => window.isPlayable);
    if (!playable.some((window) => fitsResolution(window.describe().picture, maximumResolution))) {
      const message = `no rendition is within aws:maximum-resolution ${maximumResolution}`;
      throw new PlaybackRefusal('unauthorized_entitlements', message);
    }
    return this.#use(stream, grant, claims);
  }

  /** The same for a recording, which is no view of a stream on air. Rejects with `PlaybackRefusal`. */
  checkRecorded(channel: PlaybackSubject, request: HttpRequest): Promise<Admission> {
    return this.#check(channel, request);
  }

  /** A recording has no renditions to choose from. */
  beginRecorded(
    channel: PlaybackSubject,
    { grant, claims }: Admission,
  ): SessionGrant | Promise<SessionGrant> {
    return this.#use(channel, grant, claims);
  }

  #use(
    subject: PlaybackSubject,
    grant: SessionGrant,
    claims: PlaybackClaims | undefined,
  ): SessionGrant | Promise<SessionGrant> {
    const isForgettable = claims?.singleUseUuid === undefined && !claims?.viewer;
    return isForgettable ? grant : this.#begin(subject, grant, claims);
  }

  async #check(stream: PlaybackSubject, request: HttpRequest): Promise<Admission> {
    const [claims, policy] = await Promise.all([
      stream.requiresAuthorization ? this.#claims(stream, request.query) : undefined,
      this.#policy(stream),
    ]);
    const { origin } = request.headers;
    if (claims && !allowsOrigin(claims.allowedOrigins, origin)) {
      refuseToken('origin is not in aws:access-control-allow-origin');
    }
    if (policy) {
      const country = this.#options.countries.countryOf(this.#options.clients.of(request));
      checkRestrictions(restrictionsOf(policy), { country, origin });
    }
    return { grant: grantOf(claims, policy), ...(claims && { claims }) };
  }

  async #claims(stream: PlaybackSubject, query: string): Promise<PlaybackClaims> {
    const nowMs = this.#options.clock.nowMs();
    const token = tokenIn(query);
    const keys = await this.#options.records.publicKeys(stream);
    const payload: JWTPayload = await this.#tokens.verify(token, keys, nowMs);
    return readPlaybackClaims(payload, { channelArn: stream.channelArn, nowMs });
  }

  async #policy(stream: PlaybackSubject): Promise<PlaybackRestrictionPolicyRecord | undefined> {
    const { playbackRestrictionPolicyArn: arn } = stream;
    if (arn === '') return undefined;
    const policy = await this.#options.records.restrictionPolicy(arn);
    // It can't be deleted while a channel refers to it; where it is gone all the same, what it kept out stays out.
    if (!policy) {
      throw new PlaybackRefusal('unauthorized_entitlements', 'the restriction policy is gone');
    }
    return policy;
  }

  async #begin(
    { channelArn }: PlaybackSubject,
    grant: SessionGrant,
    { viewer, singleUseUuid: uuid, expiresAtMs }: PlaybackClaims,
  ): Promise<SessionGrant> {
    const { records } = this.#options;
    const revoked = viewer && (await records.revokedVersion(channelArn, viewer.id));
    if (viewer && revoked !== undefined && viewer.version <= revoked) {
      refuseToken('viewer session is revoked');
    }
    if (uuid !== undefined && !(await records.useToken({ channelArn, uuid, expiresAtMs }))) {
      refuseToken('token has been used');
    }
    return grant;
  }
}

function grantOf(
  claims: PlaybackClaims | undefined,
  policy: PlaybackRestrictionPolicyRecord | undefined,
): SessionGrant {
  const enforced: ViewerRestrictions[] = [];
  if (claims?.enforcesOriginStrictly && claims.allowedOrigins.length > 0) {
    enforced.push({ countries: [], origins: claims.allowedOrigins });
  }
  if (policy?.enableStrictOriginEnforcement) enforced.push(restrictionsOf(policy));
  return {
    ...(claims?.viewer && { viewer: claims.viewer }),
    ...(claims?.maximumResolution && { maximumResolution: claims.maximumResolution }),
    ...(enforced.length > 0 && { enforced }),
    ...(claims?.ads && { ads: claims.ads }),
  };
}

const restrictionsOf = (policy: PlaybackRestrictionPolicyRecord): ViewerRestrictions => ({
  countries: policy.allowedCountries,
  origins: policy.allowedOrigins,
});
