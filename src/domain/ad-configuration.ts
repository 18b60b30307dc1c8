import { parseMediaTailorArn } from './arn.ts';
import type { Tags } from './channel.ts';
import { ApiError } from './errors.ts';
import type { AdBreakEvent } from './events.ts';
import type { Tenant } from './tenant.ts';

export interface PostRollConfiguration {
  readonly enabled: boolean;
  readonly durationSeconds: number;
}

export interface AdConfigurationRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  /** ARNs of MediaTailor playback configurations; the first is the one that a viewer gets by default. */
  readonly playbackConfigurationArns: readonly string[];
  readonly postRollConfiguration: PostRollConfiguration;
  readonly tags: Tags;
  readonly createdAtMs: number;
}

export const DEFAULT_POST_ROLL: PostRollConfiguration = { enabled: false, durationSeconds: 15 };

/** "ARN of the customer-created EMT PlaybackConfiguration resource in the same region and account." Throws ValidationException. */
export function checkPlaybackConfigurations(
  configurations: readonly { readonly playbackConfigurationArn?: string }[],
  tenant: Tenant,
): readonly string[] {
  return configurations.map(({ playbackConfigurationArn: arn }) => {
    if (arn === undefined) {
      throw new ApiError(
        'ValidationException',
        'playbackConfigurationArn is required for each of the mediaTailorPlaybackConfigurations',
      );
    }
    const owner = parseMediaTailorArn(arn);
    if (owner?.accountId !== tenant.accountId || owner.region !== tenant.region) {
      throw new ApiError(
        'ValidationException',
        `A playback configuration must be of account ${tenant.accountId} and region ${tenant.region}: got ${arn}`,
      );
    }
    return arn;
  });
}

/** An ad break on its way into a stream, or in it. */
export interface AdBreakRecord {
  /** 12 letters and digits. */
  readonly id: string;
  readonly channelArn: string;
  readonly streamId: string;
  readonly insertedAtMs: number;
  readonly durationSeconds: number;
  /** From when on there may be another one. */
  readonly endsAtMs: number;
}

/** "target_start_time": about 10 seconds after the call (IVS EventBridge guide, Ad Break State Change). */
const AD_BREAK_LEAD_MS = 10_000;

export function newAdBreak(
  adBreak: Pick<AdBreakRecord, 'id' | 'channelArn' | 'streamId' | 'durationSeconds'>,
  nowMs: number,
): AdBreakRecord {
  return {
    ...adBreak,
    insertedAtMs: nowMs,
    endsAtMs: nowMs + AD_BREAK_LEAD_MS + adBreak.durationSeconds * 1000,
  };
}

export function adBreakEvent({ id, insertedAtMs, durationSeconds }: AdBreakRecord): AdBreakEvent {
  return {
    name: 'Ad Break Inserted',
    timeMs: insertedAtMs,
    adBreakId: id,
    durationSeconds,
    targetStartTimeMs: insertedAtMs + AD_BREAK_LEAD_MS,
  };
}
