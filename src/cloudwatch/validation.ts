import * as v from 'valibot';
import { CloudWatchError } from './errors.ts';
import type { CloudWatchOperation } from './operation.ts';

/** A caller gets its own value back, so that it finds the mistake; not a whole body of it. */
const MAX_SHOWN_LENGTH = 100;

/** The input as `run` takes it. Throws CloudWatchError with the first of its mistakes. */
export function validateCall(operation: CloudWatchOperation, input: unknown): unknown {
  const result = v.safeParse(operation.input, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  if (issue.path?.at(-1)?.origin === 'key') {
    const name = operation.inputError ?? 'MissingRequiredParameterException';
    throw new CloudWatchError(name, `The parameter ${pathOf(issue)} is required.`);
  }
  throw new CloudWatchError(
    operation.inputError ?? 'InvalidParameterValueException',
    `The value ${shown(issue.input)} for parameter ${pathOf(issue)} is invalid: ${issue.message}`,
  );
}

/** `MetricDataQueries.member.1.Id`: AWS counts from one. */
function pathOf(issue: v.BaseIssue<unknown>): string {
  const path: readonly v.IssuePathItem[] = issue.path ?? [];
  return path
    .map((item) => (item.type === 'array' ? `member.${Number(item.key) + 1}` : String(item.key)))
    .join('.');
}

/** One level of it: a body may nest deeper than the stack. */
function shown(value: unknown): string {
  const isNested = (member: unknown) => typeof member === 'object' && member !== null;
  const flat = (_name: string, member: unknown) =>
    member !== value && isNested(member) ? '...' : member;
  const text = typeof value === 'string' ? value : (JSON.stringify(value, flat) ?? String(value));
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}
