import * as v from 'valibot';
import { ApiError } from '../domain/errors.ts';
import type { Operation } from './operation.ts';

/** A caller gets its own value back, so that it finds the mistake; not a whole body of it. */
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
      `${operation.name}.${pathOf(missing)} is a required attribute`,
    );
  }
  const { length } = result.issues;
  const texts = result.issues.slice(0, MAX_REPORTED_ERRORS).map(constraintText);
  throw new ApiError(
    'ValidationException',
    `${length} validation error${length === 1 ? '' : 's'} detected: ${texts.join('; ')}`,
  );
}

function isMissingMember(issue: v.BaseIssue<unknown>): boolean {
  return issue.path?.at(-1)?.origin === 'key';
}

function constraintText(issue: v.BaseIssue<unknown>): string {
  return `Value '${shown(issue.input)}' at '${pathOf(issue)}' failed to satisfy constraint: ${issue.message}`;
}

/** `arns.2.member`: AWS counts from one. */
function pathOf(issue: v.BaseIssue<unknown>): string {
  const path: readonly v.IssuePathItem[] = issue.path ?? [];
  return path
    .map((item) => (item.type === 'array' ? `${Number(item.key) + 1}.member` : String(item.key)))
    .join('.');
}

/** One level of it: a body may nest deeper than the stack. */
function shown(value: unknown): string {
  const isNested = (member: unknown) => typeof member === 'object' && member !== null;
  const flat = (_name: string, member: unknown) =>
    member !== value && isNested(member) ? '...' : member;
  const text = typeof value === 'string' ? value : JSON.stringify(value, flat);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}
