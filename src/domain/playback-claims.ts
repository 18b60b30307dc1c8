import { isOriginPattern } from './origin-pattern.ts';
import { refuseToken } from './playback-refusal.ts';

export const MAXIMUM_RESOLUTIONS = ['SD', 'HD', 'FULL_HD'] as const;
export type MaximumResolution = (typeof MAXIMUM_RESOLUTIONS)[number];

const AD_REPORTING_MODES = ['CLIENT', 'SERVER'] as const;

/** What a playback token says of its viewer's ads. */
export interface AdClaims {
  readonly optOut?: boolean;
  readonly playerParams?: string | Readonly<Record<string, unknown>>;
  readonly playbackConfigName?: string;
  readonly reportingMode?: (typeof AD_REPORTING_MODES)[number];
}

/** The viewer whom a token names, so that its sessions can be revoked. */
export interface TokenViewer {
  readonly id: string;
  readonly version: number;
}

/** What a playback token allows; its signature is somebody else's business. */
export interface PlaybackClaims {
  readonly expiresAtMs: number;
  /** Patterns; none means all. */
  readonly allowedOrigins: readonly string[];
  readonly enforcesOriginStrictly: boolean;
  /** Of a token for one playback. Lower case. */
  readonly singleUseUuid?: string;
  readonly viewer?: TokenViewer;
  readonly maximumResolution?: MaximumResolution;
  readonly ads?: AdClaims;
}

type Payload = Readonly<Record<string, unknown>>;

/** Tokens that must be remembered, for their single use or for revocation, expire at most this far ahead. */
const MAX_REMEMBERED_MS = 10 * 60_000;

/** By how much the clock of whoever makes tokens may be ahead of ours. */
export const CLOCK_SKEW_MS = 30_000;

const MAX_STRICT_ORIGINS = 5;
const MAX_VIEWER_ID_LENGTH = 40;
const MAX_PLAYER_PARAMS_BYTES = 1000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Reads the payload of a playback token
 * (https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/private-channels-generate-tokens.html) as of `nowMs`. A claim
 * that is not as IVS documents it refuses the token: nobody plays by a misunderstanding. Claims of others are passed over.
 *
 * @throws PlaybackRefusal
 */
export function readPlaybackClaims(
  payload: Payload,
  { channelArn, nowMs }: { readonly channelArn: string; readonly nowMs: number },
): PlaybackClaims {
  if (payload['aws:channel-arn'] !== channelArn) {
    refuseToken('aws:channel-arn is not the ARN of this channel');
  }
  const expiresAtMs = readExpiry(payload, nowMs);
  const singleUseUuid = readUuid(payload);
  const viewer = readViewer(payload);
  if (singleUseUuid !== undefined || viewer) requireShortLife(expiresAtMs, nowMs);
  const maximumResolution = readChoice(payload, 'aws:maximum-resolution', MAXIMUM_RESOLUTIONS);
  const ads = readAds(payload);
  return {
    expiresAtMs,
    ...readOrigins(payload),
    ...(singleUseUuid !== undefined && { singleUseUuid }),
    ...(viewer && { viewer }),
    ...(maximumResolution && { maximumResolution }),
    ...(ads && { ads }),
  };
}

function readExpiry({ exp }: Payload, nowMs: number): number {
  if (typeof exp !== 'number' || !Number.isFinite(exp))
    return refuseToken('exp must be a number of seconds');
  const expiresAtMs = exp * 1000;
  if (expiresAtMs <= nowMs) refuseToken('token is expired');
  return expiresAtMs;
}

function requireShortLife(expiresAtMs: number, nowMs: number): void {
  if (expiresAtMs - nowMs <= MAX_REMEMBERED_MS + CLOCK_SKEW_MS) return;
  refuseToken('exp must be within 10 minutes with aws:single-use-uuid or aws:viewer-id');
}

function readOrigins(
  payload: Payload,
): Pick<PlaybackClaims, 'allowedOrigins' | 'enforcesOriginStrictly'> {
  const claim = 'aws:access-control-allow-origin';
  const isStrict = readBoolean(payload, 'aws:strict-origin-enforcement') ?? false;
  const text = readText(payload, claim);
  const items = text?.split(',').map((item) => item.trim()) ?? ['*'];
  for (const item of items) {
    if (item !== '*' && !isOriginPattern(item)) {
      refuseToken(`${claim} takes origins such as https://example.com or https://*.example.com`);
    }
  }
  if (isStrict && items.length > MAX_STRICT_ORIGINS) {
    refuseToken(`${claim} takes at most ${MAX_STRICT_ORIGINS} origins with strict enforcement`);
  }
  return {
    allowedOrigins: items.includes('*') ? [] : items,
    enforcesOriginStrictly: isStrict,
  };
}

function readUuid(payload: Payload): string | undefined {
  const uuid = readText(payload, 'aws:single-use-uuid');
  if (uuid !== undefined && !UUID.test(uuid)) refuseToken('aws:single-use-uuid must be a UUID');
  return uuid?.toLowerCase();
}

function readViewer(payload: Payload): TokenViewer | undefined {
  const id = readText(payload, 'aws:viewer-id');
  const version = payload['aws:viewer-session-version'];
  if (id === undefined) {
    if (version !== undefined) refuseToken('aws:viewer-session-version needs aws:viewer-id');
    return undefined;
  }
  if (id.length === 0 || id.length > MAX_VIEWER_ID_LENGTH) {
    refuseToken(`aws:viewer-id must have 1 to ${MAX_VIEWER_ID_LENGTH} characters`);
  }
  if (version === undefined) return { id, version: 0 };
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0) {
    return refuseToken('aws:viewer-session-version must be an integer, 0 or more');
  }
  return { id, version };
}

function readAds(payload: Payload): AdClaims | undefined {
  const optOut = readBoolean(payload, 'aws:ads-opt-out');
  const playerParams = readPlayerParams(payload);
  const playbackConfigName = readText(payload, 'aws:ads-playback-config-name');
  const reportingMode = readChoice(payload, 'aws:ads-reporting-mode', AD_REPORTING_MODES);
  const ads: AdClaims = {
    ...(optOut !== undefined && { optOut }),
    ...(playerParams !== undefined && { playerParams }),
    ...(playbackConfigName !== undefined && { playbackConfigName }),
    ...(reportingMode && { reportingMode }),
  };
  return Object.keys(ads).length > 0 ? ads : undefined;
}

function readPlayerParams(payload: Payload): AdClaims['playerParams'] {
  const claim = 'aws:ads-player-params';
  const params = payload[claim];
  if (params === undefined) return undefined;
  if (typeof params !== 'string' && !isObject(params)) {
    return refuseToken(`${claim} must be an object or a string`);
  }
  const text = typeof params === 'string' ? params : JSON.stringify(params);
  if (new TextEncoder().encode(text).byteLength > MAX_PLAYER_PARAMS_BYTES) {
    refuseToken(`${claim} takes at most ${MAX_PLAYER_PARAMS_BYTES} bytes`);
  }
  return params;
}

function readText(payload: Payload, claim: string): string | undefined {
  const value = payload[claim];
  if (value === undefined || typeof value === 'string') return value;
  return refuseToken(`${claim} must be a string`);
}

function readBoolean(payload: Payload, claim: string): boolean | undefined {
  const value = payload[claim];
  if (value === undefined || typeof value === 'boolean') return value;
  return refuseToken(`${claim} must be true or false`);
}

function readChoice<Choice extends string>(
  payload: Payload,
  claim: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = payload[claim];
  if (value === undefined) return undefined;
  return (
    choices.find((choice) => choice === value) ??
    refuseToken(`${claim} must be one of ${choices.join(', ')}`)
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
