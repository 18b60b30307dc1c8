import type { Tenant } from './tenant.ts';

export const LATENCY_MODES = ['NORMAL', 'LOW'] as const;
export const CHANNEL_TYPES = ['BASIC', 'STANDARD', 'ADVANCED_SD', 'ADVANCED_HD'] as const;
export const TRANSCODE_PRESETS = [
  'HIGHER_BANDWIDTH_DELIVERY',
  'CONSTRAINED_BANDWIDTH_DELIVERY',
] as const;
export const CONTAINER_FORMATS = ['TS', 'FRAGMENTED_MP4'] as const;
export const MULTITRACK_POLICIES = ['ALLOW', 'REQUIRE'] as const;
export const MULTITRACK_MAXIMUM_RESOLUTIONS = ['SD', 'HD', 'FULL_HD'] as const;

export type LatencyMode = (typeof LATENCY_MODES)[number];
export type ChannelType = (typeof CHANNEL_TYPES)[number];
export type TranscodePreset = (typeof TRANSCODE_PRESETS)[number];
export type ContainerFormat = (typeof CONTAINER_FORMATS)[number];

export type Tags = Readonly<Record<string, string>>;

export interface MultitrackInputConfiguration {
  readonly enabled: boolean;
  readonly policy: (typeof MULTITRACK_POLICIES)[number];
  readonly maximumResolution: (typeof MULTITRACK_MAXIMUM_RESOLUTIONS)[number];
}

/**
 * A channel as it is stored. Host names are not part of it: they come from configuration when the record is shown
 * (`control/channel-view.ts`), so that moving the server moves every channel.
 */
export interface ChannelRecord extends Tenant {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly latencyMode: LatencyMode;
  readonly type: ChannelType;
  readonly authorized: boolean;
  readonly insecureIngest: boolean;
  /** '' for BASIC and STANDARD. */
  readonly preset: TranscodePreset | '';
  readonly containerFormat: ContainerFormat;
  /** '' means none; so for the other two. */
  readonly recordingConfigurationArn: string;
  readonly playbackRestrictionPolicyArn: string;
  readonly adConfigurationArn: string;
  readonly multitrackInputConfiguration: MultitrackInputConfiguration;
  /** A secret. */
  readonly srtPassphrase: string;
  readonly tags: Tags;
  readonly createdAtMs: number;
}
