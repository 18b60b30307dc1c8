import type * as v from 'valibot';
import type { AdConfigurationRecord } from '../domain/ad-configuration.ts';
import type { adConfiguration } from './shapes/ad-configuration.ts';

export function adConfigurationView(
  record: AdConfigurationRecord,
): v.InferOutput<typeof adConfiguration> {
  return {
    arn: record.arn,
    name: record.name,
    mediaTailorPlaybackConfigurations: record.playbackConfigurationArns.map(
      (playbackConfigurationArn) => ({ playbackConfigurationArn }),
    ),
    postRollConfiguration: record.postRollConfiguration,
    tags: record.tags,
  };
}
