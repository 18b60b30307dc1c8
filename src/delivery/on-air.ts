import type { LatencyMode } from '../domain/channel.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { LiveWindow } from '../packaging/live-window.ts';

/** A stream that viewers can ask for: on air, or ended a short while ago and still served to its end. */
export interface StreamOnAir extends Tenant {
  readonly channelArn: string;
  readonly channelId: string;
  readonly streamId: string;
  /** Random, new for each stream, the first path segment of everything below `/live/`: media URLs can't be guessed. */
  readonly playbackId: string;
  /** Another such, for sessions whose media is theirs alone: who has a URL below one can't make a URL below the other. */
  readonly boundPlaybackId: string;
  readonly latencyMode: LatencyMode;
  /** The channel is private: no playback without a token. */
  readonly requiresAuthorization: boolean;
  /** '' means none. */
  readonly playbackRestrictionPolicyArn: string;
  readonly startTimeMs: number;
  readonly isEnded: boolean;
  /** Best rendition first. Empty until the encoder's tracks are known. */
  readonly windows: readonly LiveWindow[];
  /** Whether its sound by itself is among the windows for every viewer; if not, it is for those who ask for it. */
  readonly hasAudioOnly: boolean;
  /** A viewer asks for the sound by itself: from the next segment on there is a window of it, where there is sound. */
  addAudioOnly(): void;
  /** The newest picture as a JPEG, where the stream is transcoded. */
  readonly thumbnail: Uint8Array | undefined;
  /** Resolves true once a window has a complete segment, false when the stream ended without one. */
  whenPlayable(): Promise<boolean>;
}

/** Not everybody may watch it. */
export const isRestricted = (
  stream: Pick<StreamOnAir, 'requiresAuthorization' | 'playbackRestrictionPolicyArn'>,
): boolean => stream.requiresAuthorization || stream.playbackRestrictionPolicyArn !== '';

/** Finds streams for viewers. Implemented by `live/live-registry.ts`. */
export interface StreamSource {
  /** The stream that is on air on a channel; not an ended one. */
  onAir(tenant: Tenant, channelId: string): StreamOnAir | undefined;
  /** By either of its two ids. */
  byPlaybackId(playbackId: string): StreamOnAir | undefined;
}
