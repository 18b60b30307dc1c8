import { formatArn, type ResourceType } from '../domain/arn.ts';
import type { Tags } from '../domain/channel.ts';
import { newResourceId } from '../domain/identifiers.ts';
import { checkTags } from '../domain/tags.ts';
import type { Needs } from './context.ts';

/** What the records of all kinds begin with. Throws ValidationException where a caller may not set the tags. */
export function newResource(
  type: ResourceType,
  tags: Tags,
  { tenant, random, clock }: Needs<'tenant' | 'random' | 'clock'>,
) {
  checkTags(tags);
  const id = newResourceId(random);
  const arn = formatArn({ ...tenant, type, id });
  return { ...tenant, id, arn, tags, createdAtMs: clock.nowMs() };
}
