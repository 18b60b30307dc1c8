import type { Tags } from './channel.ts';
import { ApiError } from './errors.ts';

/** "Maximum number of tags per resource: 50", https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html */
export const MAX_TAGS = 50;

/** "The aws: prefix is reserved for AWS use", in any case. */
const RESERVED_PREFIX = /^aws:/i;

/** "Letters, numbers, spaces representable in UTF-8, and the characters _ . : / = + - @". */
const ALPHABET = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Throws ValidationException where a caller may not set these tags. */
export function checkTags(tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) {
    if (RESERVED_PREFIX.test(key)) {
      throw new ApiError(
        'ValidationException',
        `Cannot set tag '${key}': the prefix aws: is reserved`,
      );
    }
    if (!ALPHABET.test(key) || !ALPHABET.test(value)) {
      throw new ApiError(
        'ValidationException',
        `Cannot set tag '${key}': keys and values are letters, numbers, spaces and _ . : / = + - @`,
      );
    }
  }
}

/** Adds and replaces. Throws ValidationException where the result has too many. */
export function mergeTags(current: Tags, added: Tags): Tags {
  // Through a Map: a tag may be named __proto__.
  const merged = new Map([...Object.entries(current), ...Object.entries(added)]);
  if (merged.size > MAX_TAGS) {
    throw new ApiError(
      'ValidationException',
      `Cannot have more than ${MAX_TAGS} tags on a resource: there would be ${merged.size}`,
    );
  }
  return Object.fromEntries(merged);
}

/** Keys that are not there are no error. */
export function withoutTags(current: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(current).filter(([key]) => !keys.includes(key)));
}
