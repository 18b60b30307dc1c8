import { formatArn } from '../domain/arn.ts';
import type { Tags } from '../domain/channel.ts';
import { newResourceId } from '../domain/identifiers.ts';
import { newStreamKeyValue, type StreamKeyRecord } from '../domain/stream-key.ts';
import type { Needs } from './context.ts';

export function newStreamKey(
  channelArn: string,
  tags: Tags,
  { tenant, random, clock }: Needs<'tenant' | 'random' | 'clock'>,
): StreamKeyRecord {
  const id = newResourceId(random);
  return {
    ...tenant,
    id,
    arn: formatArn({ ...tenant, type: 'stream-key', id }),
    channelArn,
    value: newStreamKeyValue(tenant.region, random),
    tags,
    createdAtMs: clock.nowMs(),
  };
}
