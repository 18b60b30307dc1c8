import { configurationArn, resourceName, tags } from './common.ts';
import { boolean, integer, list, optional, structure, text } from './vocabulary.ts';

const postRollConfiguration = structure({
  durationSeconds: integer({ min: 1, max: 300 }),
  enabled: boolean(),
});

const mediaTailorPlaybackConfigurations = list(
  structure({
    playbackConfigurationArn: optional(
      text({
        maxLength: 128,
        pattern: /^arn:aws:mediatailor:[a-z0-9-]+:[0-9]+:playbackConfiguration\/[a-zA-Z0-9-]+$/,
      }),
    ),
  }),
  { minCount: 1, maxCount: 3 },
);

export const newAdSettings = {
  name: optional(resourceName()),
  mediaTailorPlaybackConfigurations,
  postRollConfiguration: optional(postRollConfiguration),
};

export const adSettings = {
  ...newAdSettings,
  mediaTailorPlaybackConfigurations: optional(mediaTailorPlaybackConfigurations),
};

/** Its summary has the same members. */
export const adConfiguration = structure({
  arn: configurationArn('ad-configuration'),
  name: resourceName(),
  mediaTailorPlaybackConfigurations,
  postRollConfiguration,
  tags: tags(),
});
