import * as v from 'valibot';
import { ApiError } from '../domain/errors.ts';
import type { Operation } from './operation.ts';
import { isMissingMember, pathOf, shown } from './validation-issues.ts';

const MAX_SHOWN_LENGTH = 256;
const MAX_REPORTED_ERRORS = 10;

/**
 * The input as `run` takes it. Throws ValidationException in the words of AWS: what is missing first
 * (`GetStream.channelArn is a required attribute`), then all constraints that are broken.
 */
export function validateInput(operation: Operation, input: unknown): Record<string, unknown> {
  const result = v.safeParse(operation.input, input);
  if (result.success) return result.output;
  const missing = result.issues.find(isMissingMember);
  if (missing) {
    throw new ApiError(
      'ValidationException',
      `${operation.name}.${placeOf(missing)} is a required attribute`,
    );
  }
  const { length } = result.issues;
  const texts = result.issues.slice(0, MAX_REPORTED_ERRORS).map(constraintText);
  throw new ApiError(
    'ValidationException',
    `${length} validation error${length === 1 ? '' : 's'} detected: ${texts.join('; ')}`,
  );
}

function constraintText(issue: v.BaseIssue<unknown>): string {
  return `Value '${shown(issue.input, MAX_SHOWN_LENGTH)}' at '${placeOf(issue)}' failed to satisfy constraint: ${issue.message}`;
}

/** `arns.2.member`: AWS counts from one. */
const placeOf = (issue: v.BaseIssue<unknown>): string =>
  pathOf(issue, (number) => `${number}.member`);
