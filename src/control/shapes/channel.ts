import {
  CHANNEL_TYPES,
  CONTAINER_FORMATS,
  LATENCY_MODES,
  MULTITRACK_MAXIMUM_RESOLUTIONS,
  MULTITRACK_POLICIES,
  TRANSCODE_PRESETS,
} from '../../domain/channel.ts';
import { attachedArn, resourceArn, resourceName, tags } from './common.ts';
import { boolean, choice, choiceOrEmpty, optional, structure, text } from './vocabulary.ts';

const multitrackInputConfiguration = {
  enabled: boolean(),
  policy: choice(MULTITRACK_POLICIES),
  maximumResolution: choice(MULTITRACK_MAXIMUM_RESOLUTIONS),
};

/** What CreateChannel and UpdateChannel let a caller set. */
export const channelSettings = {
  name: optional(resourceName()),
  latencyMode: optional(choice(LATENCY_MODES)),
  type: optional(choice(CHANNEL_TYPES)),
  authorized: optional(boolean()),
  recordingConfigurationArn: optional(attachedArn('recording-configuration')),
  insecureIngest: optional(boolean()),
  // "For other channel types (BASIC and STANDARD), preset is the empty string": what GetChannel gives can be given back.
  preset: optional(choiceOrEmpty(TRANSCODE_PRESETS)),
  playbackRestrictionPolicyArn: optional(attachedArn('playback-restriction-policy')),
  multitrackInputConfiguration: optional(
    structure({
      enabled: optional(multitrackInputConfiguration.enabled),
      policy: optional(multitrackInputConfiguration.policy),
      maximumResolution: optional(multitrackInputConfiguration.maximumResolution),
    }),
  ),
  containerFormat: optional(choice(CONTAINER_FORMATS)),
  adConfigurationArn: optional(attachedArn('ad-configuration')),
};

export const channelSummary = structure({
  arn: resourceArn('channel'),
  name: resourceName(),
  latencyMode: choice(LATENCY_MODES),
  authorized: boolean(),
  recordingConfigurationArn: attachedArn('recording-configuration'),
  tags: tags(),
  insecureIngest: boolean(),
  type: choice(CHANNEL_TYPES),
  // '' is not in the model's enumeration, and is what IVS answers for BASIC and STANDARD.
  preset: choice([...TRANSCODE_PRESETS, '']),
  playbackRestrictionPolicyArn: attachedArn('playback-restriction-policy'),
  adConfigurationArn: attachedArn('ad-configuration'),
});

export const channel = structure({
  arn: resourceArn('channel'),
  name: resourceName(),
  latencyMode: choice(LATENCY_MODES),
  type: choice(CHANNEL_TYPES),
  recordingConfigurationArn: attachedArn('recording-configuration'),
  ingestEndpoint: text(),
  playbackUrl: text(),
  authorized: boolean(),
  tags: tags(),
  insecureIngest: boolean(),
  preset: choice([...TRANSCODE_PRESETS, '']),
  srt: structure({ endpoint: text(), passphrase: text() }),
  playbackRestrictionPolicyArn: attachedArn('playback-restriction-policy'),
  multitrackInputConfiguration: structure(multitrackInputConfiguration),
  containerFormat: choice(CONTAINER_FORMATS),
  adConfigurationArn: attachedArn('ad-configuration'),
});
