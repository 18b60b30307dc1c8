import type { Needs } from '../context.ts';
import { operation } from '../operation.ts';
import { defaultPageSize } from '../page-size.ts';
import { recordingConfigurationSummaryView } from '../recording-configuration-view.ts';
import { nextToken, paging } from '../shapes/common.ts';
import { recordingConfigurationSummary } from '../shapes/recording-configuration.ts';
import { list, optional, structure } from '../shapes/vocabulary.ts';

export const listRecordingConfigurations = operation({
  name: 'ListRecordingConfigurations',
  method: 'POST',
  uri: '/ListRecordingConfigurations',
  status: 200,
  input: structure(paging(100)),
  output: structure({
    recordingConfigurations: list(recordingConfigurationSummary),
    nextToken: optional(nextToken()),
  }),
  errors: ['AccessDeniedException', 'InternalServerException', 'ValidationException'],
  async run(
    input,
    { tenant, store, quotas, pageTokens }: Needs<'tenant' | 'store' | 'quotas' | 'pageTokens'>,
  ) {
    const listing = { operation: 'ListRecordingConfigurations', tenant };
    const { maxResults = defaultPageSize(quotas.recordingConfigurations) } = input;
    const page = pageTokens.read(listing, input.nextToken, maxResults);
    const { items, next } = await store.recordingConfigurations.list(tenant, page);
    return {
      recordingConfigurations: items.map(recordingConfigurationSummaryView),
      ...pageTokens.write(listing, next),
    };
  },
});
