import type {
  ChannelRecord,
  ChannelType,
  MultitrackInputConfiguration,
  TranscodePreset,
} from './channel.ts';
import { ApiError } from './errors.ts';

/** What a caller may set on a channel; a member that is absent keeps its value, or takes its default. */
export interface ChannelSettings {
  readonly name?: string;
  readonly latencyMode?: ChannelRecord['latencyMode'];
  readonly type?: ChannelType;
  readonly authorized?: boolean;
  readonly insecureIngest?: boolean;
  readonly preset?: TranscodePreset | '';
  readonly containerFormat?: ChannelRecord['containerFormat'];
  readonly recordingConfigurationArn?: string;
  readonly playbackRestrictionPolicyArn?: string;
  readonly adConfigurationArn?: string;
  readonly multitrackInputConfiguration?: Partial<MultitrackInputConfiguration>;
}

/** A channel's settings, complete. */
export type ChannelConfiguration = Required<Omit<ChannelSettings, PresetAndMultitrack>> &
  Pick<ChannelRecord, PresetAndMultitrack>;
type PresetAndMultitrack = 'preset' | 'multitrackInputConfiguration';

const DEFAULTS: ChannelConfiguration = {
  name: '',
  latencyMode: 'LOW',
  type: 'STANDARD',
  authorized: false,
  insecureIngest: false,
  preset: '',
  containerFormat: 'TS',
  recordingConfigurationArn: '',
  playbackRestrictionPolicyArn: '',
  adConfigurationArn: '',
  multitrackInputConfiguration: { enabled: false, policy: 'ALLOW', maximumResolution: 'FULL_HD' },
};

/** The settings of a new channel. Throws ValidationException on a combination that IVS refuses. */
export function newChannelConfiguration(settings: ChannelSettings): ChannelConfiguration {
  return changeChannelConfiguration(DEFAULTS, settings);
}

/** `current` with `settings` on top. Throws ValidationException on a combination that IVS refuses. */
export function changeChannelConfiguration(
  current: ChannelConfiguration,
  settings: ChannelSettings,
): ChannelConfiguration {
  checkSettings(settings);
  const { preset, multitrackInputConfiguration, ...rest } = settings;
  const type = rest.type ?? current.type;
  const changed: ChannelConfiguration = {
    ...current,
    ...rest,
    preset: presetOf(type, preset, current.preset),
    multitrackInputConfiguration: {
      ...(multitrackInputConfiguration
        ? DEFAULTS.multitrackInputConfiguration
        : current.multitrackInputConfiguration),
      ...multitrackInputConfiguration,
    },
  };
  checkConfiguration(changed);
  return changed;
}

/** What is wrong whatever channel the settings are meant for. Throws ValidationException. */
export function checkSettings({ multitrackInputConfiguration: multitrack }: ChannelSettings): void {
  if (!multitrack?.enabled) return;
  // "If true, then policy, maximumResolution, and containerFormat are required".
  for (const member of ['policy', 'maximumResolution'] as const) {
    if (multitrack[member] === undefined) {
      refuse(`multitrackInputConfiguration.${member} is required when multitrack input is enabled`);
    }
  }
}

function checkConfiguration(channel: ChannelConfiguration): void {
  if (channel.multitrackInputConfiguration.enabled) {
    if (channel.type !== 'STANDARD') {
      refuse(`Multitrack input requires channel type STANDARD: the type is ${channel.type}`);
    }
    if (channel.containerFormat !== 'FRAGMENTED_MP4') {
      refuse(
        `Multitrack input requires containerFormat FRAGMENTED_MP4: it is ${channel.containerFormat}`,
      );
    }
  }
  if (channel.adConfigurationArn !== '' && channel.containerFormat === 'FRAGMENTED_MP4') {
    refuse('An ad configuration cannot be used with containerFormat FRAGMENTED_MP4');
  }
}

/**
 * "This is selectable only for ADVANCED_HD and ADVANCED_SD channel types. For those channel types, the default preset is
 * HIGHER_BANDWIDTH_DELIVERY. For other channel types (BASIC and STANDARD), preset is the empty string."
 */
function presetOf(
  type: ChannelType,
  wanted: TranscodePreset | '' | undefined,
  current: TranscodePreset | '',
): TranscodePreset | '' {
  if (type === 'ADVANCED_HD' || type === 'ADVANCED_SD') {
    return wanted || current || 'HIGHER_BANDWIDTH_DELIVERY';
  }
  if (wanted) {
    refuse(`preset can be set for channel types ADVANCED_HD and ADVANCED_SD only: type is ${type}`);
  }
  return '';
}

function refuse(message: string): never {
  throw new ApiError('ValidationException', message);
}
