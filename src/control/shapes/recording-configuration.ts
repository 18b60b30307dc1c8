import {
  RECORDING_CONFIGURATION_STATES,
  RENDITION_SELECTIONS,
  RENDITIONS,
  THUMBNAIL_RECORDING_MODES,
  THUMBNAIL_STORAGES,
} from '../../domain/recording-configuration.ts';
import { configurationArn, resourceName, tags } from './common.ts';
import { choice, integer, list, optional, structure, text } from './vocabulary.ts';

const destinationConfiguration = structure({
  s3: optional(
    structure({ bucketName: text({ minLength: 3, maxLength: 63, pattern: /^[a-z0-9-.]+$/ }) }),
  ),
});

/** How to record; IVS answers with all of it, defaults included. */
const rules = {
  thumbnailConfiguration: optional(
    structure({
      recordingMode: optional(choice(THUMBNAIL_RECORDING_MODES)),
      targetIntervalSeconds: optional(integer({ min: 1, max: 60 })),
      resolution: optional(choice(RENDITIONS)),
      storage: optional(list(choice(THUMBNAIL_STORAGES))),
    }),
  ),
  recordingReconnectWindowSeconds: optional(integer({ min: 0, max: 300 })),
  renditionConfiguration: optional(
    structure({
      renditionSelection: optional(choice(RENDITION_SELECTIONS)),
      renditions: optional(list(choice(RENDITIONS))),
    }),
  ),
};

export const recordingSettings = {
  name: optional(resourceName()),
  destinationConfiguration,
  ...rules,
};

const summary = {
  arn: configurationArn('recording-configuration'),
  name: resourceName(),
  destinationConfiguration,
  state: choice(RECORDING_CONFIGURATION_STATES),
  tags: tags(),
};

export const recordingConfigurationSummary = structure(summary);

export const recordingConfiguration = structure({ ...summary, ...rules });
