import type { ResourceType } from '../../domain/arn.ts';
import { MAX_TAGS } from '../../domain/tags.ts';
import { integer, map, optional, text } from './vocabulary.ts';

const arnPattern = (type: ResourceType) => `arn:aws:ivs:[a-z0-9-]+:[0-9]+:${type}/[a-zA-Z0-9-]+`;

/** The ARN of one type of resource. */
export const resourceArn = (type: ResourceType) =>
  text({ minLength: 1, maxLength: 128, pattern: new RegExp(`^${arnPattern(type)}$`) });

/** The model lets these two be empty, unlike every other ARN; their pattern does not. */
export const configurationArn = (type: 'recording-configuration' | 'ad-configuration') =>
  text({ minLength: 0, maxLength: 128, pattern: new RegExp(`^${arnPattern(type)}$`) });

/** What a channel refers to: an ARN, or '' for none. */
export const attachedArn = (type: ResourceType) =>
  text({ minLength: 0, maxLength: 128, pattern: new RegExp(`^$|^${arnPattern(type)}$`) });

/**
 * The ARN in the tag operations. The model prints `[a-z-]/`, a type of one character, which no ARN has; IVS tags
 * resources all the same.
 */
export const taggableArn = () =>
  text({
    minLength: 1,
    maxLength: 128,
    pattern: /^arn:aws:ivs:[a-z0-9-]+:[0-9]+:[a-z-]+\/[a-zA-Z0-9-]+$/,
  });

export const resourceName = () =>
  text({ minLength: 0, maxLength: 128, pattern: /^[a-zA-Z0-9-_]*$/ });

const TAG_KEY = { minLength: 1, maxLength: 128 };

export const tagKey = () => text(TAG_KEY);

export const tags = () =>
  map({ key: TAG_KEY, value: { minLength: 0, maxLength: 256 }, maxCount: MAX_TAGS });

export const nextToken = () =>
  text({ minLength: 0, maxLength: 1024, pattern: /^[a-zA-Z0-9+/=_-]*$/ });

/** The members of every List operation's input. `max`: the largest page. */
export const paging = (max: number) => ({
  nextToken: optional(nextToken()),
  maxResults: optional(integer({ min: 1, max })),
});
