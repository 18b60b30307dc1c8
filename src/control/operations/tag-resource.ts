import { isOwnArn } from '../../domain/access.ts';
import { checkTags, mergeTags } from '../../domain/tags.ts';
import type { Needs } from '../context.ts';
import { notFound } from '../lookup.ts';
import { operation } from '../operation.ts';
import { taggableArn, tags } from '../shapes/common.ts';
import { structure } from '../shapes/vocabulary.ts';

export const tagResource = operation({
  name: 'TagResource',
  method: 'POST',
  uri: '/tags/{resourceArn}',
  status: 200,
  input: structure({ resourceArn: taggableArn(), tags: tags() }),
  output: structure({}),
  errors: ['InternalServerException', 'ResourceNotFoundException', 'ValidationException'],
  async run({ resourceArn, tags }, { tenant, store }: Needs<'tenant' | 'store'>) {
    checkTags(tags);
    const merged = isOwnArn(resourceArn, tenant)
      ? await store.updateTags(resourceArn, (current) => mergeTags(current, tags))
      : undefined;
    if (!merged) throw notFound(resourceArn);
    return {};
  },
});
