import {
  type AdConfigurationRecord,
  checkPlaybackConfigurations,
  DEFAULT_POST_ROLL,
} from '../../domain/ad-configuration.ts';
import { adConfigurationView } from '../ad-configuration-view.ts';
import type { Needs } from '../context.ts';
import { newResource } from '../new-resource.ts';
import { operation } from '../operation.ts';
import { quotaExceeded } from '../quota-exceeded.ts';
import { adConfiguration, newAdSettings } from '../shapes/ad-configuration.ts';
import { tags } from '../shapes/common.ts';
import { optional, structure } from '../shapes/vocabulary.ts';

export const createAdConfiguration = operation({
  name: 'CreateAdConfiguration',
  method: 'POST',
  uri: '/CreateAdConfiguration',
  status: 200,
  input: structure({ ...newAdSettings, tags: optional(tags()) }),
  output: structure({ adConfiguration }),
  errors: [
    'AccessDeniedException',
    'ConflictException',
    'InternalServerException',
    'PendingVerification',
    'ResourceNotFoundException',
    'ServiceQuotaExceededException',
    'ThrottlingException',
    'ValidationException',
  ],
  async run(
    { name = '', mediaTailorPlaybackConfigurations, postRollConfiguration, tags = {} },
    context: Needs<'tenant' | 'store' | 'random' | 'clock' | 'quotas'>,
  ) {
    const { tenant, store, quotas } = context;
    const record: AdConfigurationRecord = {
      ...newResource('ad-configuration', tags, context),
      name,
      playbackConfigurationArns: checkPlaybackConfigurations(
        mediaTailorPlaybackConfigurations,
        tenant,
      ),
      postRollConfiguration: postRollConfiguration ?? DEFAULT_POST_ROLL,
    };
    const outcome = await store.adConfigurations.create(record, quotas.adConfigurations);
    if (outcome !== 'created') throw quotaExceeded(quotas.adConfigurations, 'ad configurations');
    return { adConfiguration: adConfigurationView(record) };
  },
});
