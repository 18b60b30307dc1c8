import type { Tags } from '../domain/channel.ts';
import { newStreamKeyValue, type StreamKeyRecord } from '../domain/stream-key.ts';
import type { Needs } from './context.ts';
import { newResource } from './new-resource.ts';

export function newStreamKey(
  channelArn: string,
  tags: Tags,
  context: Needs<'tenant' | 'random' | 'clock'>,
): StreamKeyRecord {
  const { tenant, random } = context;
  const value = newStreamKeyValue(tenant.region, random);
  return { ...newResource('stream-key', tags, context), channelArn, value };
}
