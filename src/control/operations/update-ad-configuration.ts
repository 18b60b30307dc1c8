import { isOwnArn } from '../../domain/access.ts';
import { checkPlaybackConfigurations } from '../../domain/ad-configuration.ts';
import { adConfigurationView } from '../ad-configuration-view.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { adConfiguration, adSettings } from '../shapes/ad-configuration.ts';
import { configurationArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const updateAdConfiguration = operation({
  name: 'UpdateAdConfiguration',
  method: 'POST',
  uri: '/UpdateAdConfiguration',
  status: 200,
  input: structure({ arn: configurationArn('ad-configuration'), ...adSettings }),
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
    { arn, mediaTailorPlaybackConfigurations, ...settings },
    { tenant, store }: Needs<'tenant' | 'store'>,
  ) {
    const playbackConfigurationArns =
      mediaTailorPlaybackConfigurations &&
      checkPlaybackConfigurations(mediaTailorPlaybackConfigurations, tenant);
    const changed = isOwnArn(arn, tenant)
      ? await store.adConfigurations.update(arn, (current) => ({
          ...current,
          ...settings,
          ...(playbackConfigurationArns && { playbackConfigurationArns }),
        }))
      : undefined;
    if (!changed) throw notFound(arn);
    return { adConfiguration: adConfigurationView(changed) };
  },
});
