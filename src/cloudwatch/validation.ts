import * as v from 'valibot';
import { isMissingMember, pathOf, shown } from '../control/validation-issues.ts';
import { CloudWatchError } from './errors.ts';
import type { CloudWatchOperation } from './operation.ts';

const MAX_SHOWN_LENGTH = 100;

/** The input as `run` takes it. Throws CloudWatchError with the first of its mistakes. */
export function validateCall(operation: CloudWatchOperation, input: unknown): unknown {
  const result = v.safeParse(operation.input, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  if (isMissingMember(issue)) {
    const name = operation.inputError ?? 'MissingRequiredParameterException';
    throw new CloudWatchError(name, `The parameter ${placeOf(issue)} is required.`);
  }
  throw new CloudWatchError(
    operation.inputError ?? 'InvalidParameterValueException',
    `The value ${shown(issue.input, MAX_SHOWN_LENGTH)} for parameter ${placeOf(issue)} is invalid: ${issue.message}`,
  );
}

/** `MetricDataQueries.member.1.Id`: AWS counts from one. */
const placeOf = (issue: v.BaseIssue<unknown>): string =>
  pathOf(issue, (number) => `member.${number}`);
