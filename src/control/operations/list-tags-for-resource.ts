import { isOwnArn } from '../../domain/access.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { taggableArn, tags } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const listTagsForResource = operation({
  name: 'ListTagsForResource',
  method: 'GET',
  uri: '/tags/{resourceArn}',
  status: 200,
  input: structure({ resourceArn: taggableArn() }),
  output: structure({ tags: tags() }),
  errors: ['InternalServerException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ resourceArn }, { tenant, store }: Needs<'tenant' | 'store'>) {
    const current = isOwnArn(resourceArn, tenant) ? await store.getTags(resourceArn) : undefined;
    if (!current) throw notFound(resourceArn);
    return { tags: current };
  },
});
