import { adConfigurationView } from '../ad-configuration-view.ts';
import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import { defaultPageSize } from '../page-size.ts';
import { adConfiguration } from '../shapes/ad-configuration.ts';
import { nextToken, paging } from '../shapes/common.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';

export const listAdConfigurations = operation({
  name: 'ListAdConfigurations',
  method: 'POST',
  uri: '/ListAdConfigurations',
  status: 200,
  input: structure(paging(100)),
  output: structure({ adConfigurations: list(adConfiguration), nextToken: optional(nextToken()) }),
  errors: ['AccessDeniedException', 'InternalServerException', 'ValidationException'],
  async run(
    input,
    { tenant, store, quotas, pageTokens }: Needs<'tenant' | 'store' | 'quotas' | 'pageTokens'>,
  ) {
    const listing = { operation: 'ListAdConfigurations', tenant };
    const { maxResults = defaultPageSize(quotas.adConfigurations) } = input;
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    const { items, next } = await store.adConfigurations.list(tenant, page);
    return { adConfigurations: items.map(adConfigurationView), ...pageTokens.write(listing, next) };
  },
});
