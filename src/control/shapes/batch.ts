import type { ResourceType } from '../../domain/arn.ts';
import { resourceArn, taggableArn } from './common.ts';
import { list, structure, text } from './vocabulary.ts';

/** The ARNs a BatchGet operation takes. */
export const batchArns = (type: ResourceType) =>
  list(resourceArn(type), { minCount: 1, maxCount: 50 });

/** Why one item of a batch was not answered. */
export const batchError = structure({ arn: taggableArn(), code: text(), message: text() });
