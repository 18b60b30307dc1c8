import { isOwnArn } from '../../domain/access.ts';
import { MAX_TAGS, withoutTags } from '../../domain/tags.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { taggableArn, tagKey } from '../shapes/common.ts';
import { list, structure } from '../shapes/vocabulary.ts';

export const untagResource = operation({
  name: 'UntagResource',
  method: 'DELETE',
  uri: '/tags/{resourceArn}',
  queryMembers: ['tagKeys'],
  status: 200,
  input: structure({
    resourceArn: taggableArn(),
    tagKeys: list(tagKey(), { minCount: 0, maxCount: MAX_TAGS }),
  }),
  output: structure({}),
  errors: ['InternalServerException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ resourceArn, tagKeys }, { tenant, store }: Needs<'tenant' | 'store'>) {
    const left = isOwnArn(resourceArn, tenant)
      ? await store.updateTags(resourceArn, (current) => withoutTags(current, tagKeys))
      : undefined;
    if (!left) throw notFound(resourceArn);
    return {};
  },
});
