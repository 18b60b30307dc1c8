import { adConfigurationView } from '../ad-configuration-view.ts';
import type { Needs } from '../context.ts';
import { requireResource } from '../lookup.ts';
import { operation } from '../operation.ts';
import { adConfiguration } from '../shapes/ad-configuration.ts';
import { configurationArn } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const getAdConfiguration = operation({
  name: 'GetAdConfiguration',
  method: 'POST',
  uri: '/GetAdConfiguration',
  status: 200,
  input: structure({ arn: configurationArn('ad-configuration') }),
  output: structure({ adConfiguration }),
  errors: [
    'AccessDeniedException',
    'InternalServerException',
    'ResourceNotFoundException',
    'ValidationException',
  ],
  async run({ arn }, context: Needs<'tenant' | 'store'>) {
    const record = await requireResource(arn, context.store.adConfigurations, context);
    return { adConfiguration: adConfigurationView(record) };
  },
});
