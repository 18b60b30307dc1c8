import type { AdConfigurationRecord } from '../../domain/ad-configuration.ts';
import { type ResourceKind, resourceFromRow, resourceToRow } from './resource-records.ts';

export const adConfigurationKind: ResourceKind<AdConfigurationRecord, 'ad_configuration'> = {
  table: 'ad_configuration',
  reference: 'ad_configuration_arn',
  toRow: (configuration) => ({
    ...resourceToRow(configuration),
    playback_configuration_arns: JSON.stringify(configuration.playbackConfigurationArns),
    post_roll_configuration: JSON.stringify(configuration.postRollConfiguration),
  }),
  fromRow: (row) => ({
    ...resourceFromRow(row),
    playbackConfigurationArns: JSON.parse(row.playback_configuration_arns),
    postRollConfiguration: JSON.parse(row.post_roll_configuration),
  }),
};
