import { isInIpRange, parseIpRange } from './ip-range.ts';
import { matchesWildcard, parseWildcard, type VariableLookup } from './wildcard.ts';

/**
 * What is known about a request, by condition key in lower case: one value, several, or `undefined` where the request
 * has none.
 */
export type RequestContext = (key: string) => readonly string[] | undefined;

/**
 * One line of a Condition: `"ForAnyValue:StringLike": { "aws:TagKeys": ["team", "cost-*"] }`.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export interface Condition {
  /** In lower case. */
  readonly key: string;
  readonly quantifier: 'none' | 'ForAllValues' | 'ForAnyValue';
  readonly isIfExists: boolean;
  /** StringNotEquals and its kin: holds where no value matches, and where the request has no value. */
  readonly isNegated: boolean;
  readonly test: ConditionTest;
}

type ConditionTest =
  | { readonly kind: 'null'; readonly isAbsent: boolean }
  /** One a value of the policy. */
  | { readonly kind: 'values'; readonly matchers: readonly Matcher[] };

/** Whether a value of the request is what a value of the policy says; `undefined` where that has a variable without value. */
type Matcher = (value: string, lookup: VariableLookup) => boolean | undefined;

export function isMet(condition: Condition, context: RequestContext): boolean {
  const { key, quantifier, test } = condition;
  const values = context(key);
  if (test.kind === 'null') return (values === undefined) === test.isAbsent;
  if (values === undefined || values.length === 0) {
    if (condition.isIfExists || quantifier === 'ForAllValues') return true;
    return quantifier === 'none' && condition.isNegated;
  }
  const lookup: VariableLookup = (name) => {
    const [value, ...more] = context(name.toLowerCase()) ?? [];
    return more.length === 0 ? value : undefined;
  };
  const holds = (value: string): boolean => {
    const matches = test.matchers.map((matcher) => matcher(value, lookup));
    if (!condition.isNegated) return matches.includes(true);
    // Not equal to what is not known is not known either.
    return matches.every((isMatch) => isMatch === false);
  };
  return quantifier === 'ForAnyValue' ? values.some(holds) : values.every(holds);
}

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** Throws `SyntaxError` with what is wrong. `hasVariables` as of `parseWildcard`. */
export function parseCondition(
  operator: string,
  key: string,
  values: readonly string[],
  hasVariables: boolean,
): Condition {
  const [, quantifier = 'none', name = '', ifExists] = OPERATOR.exec(operator) ?? [];
  const head = {
    key: key.toLowerCase(),
    quantifier: quantifier as Condition['quantifier'],
    isIfExists: ifExists !== undefined,
  };
  if (name === 'Null' && ifExists === undefined && quantifier === 'none') {
    const isAbsent = readBoolean(values.length === 1 ? (values[0] ?? '') : values.join());
    return { ...head, isNegated: false, test: { kind: 'null', isAbsent } };
  }
  const isNegated = /^(String|Numeric|Date|Arn)Not|^NotIp/.test(name);
  const matcher = MATCHERS[isNegated ? name.replace('Not', '') : name];
  // There is no StringNotGreaterThan.
  if (!matcher || (isNegated && /Than|Bool/.test(name))) {
    throw new SyntaxError(`${JSON.stringify(operator)} is not a condition operator`);
  }
  const matchers = values.map((value) => matcher(value, hasVariables));
  return { ...head, isNegated, test: { kind: 'values', matchers } };
}

/** Turns a value of the policy into what is asked of a value of the request. */
type MatcherOf = (policyValue: string, hasVariables: boolean) => Matcher;

const literally: MatcherOf = (policyValue, hasVariables) => {
  const wanted = parseWildcard(policyValue, hasVariables);
  return (value, lookup) => matchesWildcard(wanted, value, lookup, 'literally');
};

const literallyInAnyCase: MatcherOf = (policyValue, hasVariables) => {
  const wanted = parseWildcard(policyValue.toLowerCase(), hasVariables);
  return (value, lookup) =>
    matchesWildcard(wanted, value.toLowerCase(), (key) => lookup(key)?.toLowerCase(), 'literally');
};

const withWildcards: MatcherOf = (policyValue, hasVariables) => {
  const wanted = parseWildcard(policyValue, hasVariables);
  return (value, lookup) => matchesWildcard(wanted, value, lookup);
};

/** "Each of the six colon-delimited components of the ARN is checked separately and each can include wildcards". */
const arn: MatcherOf = (policyValue, hasVariables) => {
  const wanted = splitArn(policyValue).map((part) => parseWildcard(part, hasVariables));
  if (wanted.length !== 6) throw new SyntaxError(`${JSON.stringify(policyValue)} is not an ARN`);
  return (value, lookup) => {
    const parts = splitArn(value);
    const matches = wanted.map((part, i) => matchesWildcard(part, parts[i] ?? '', lookup));
    return matches.includes(undefined) ? undefined : !matches.includes(false);
  };
};

/** The six components; the last one has whatever colons are left. */
export function splitArn(text: string): readonly string[] {
  const parts = text.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

const ipRange: MatcherOf = (policyValue) => {
  const range = parseIpRange(policyValue);
  if (!range) {
    throw new SyntaxError(`${JSON.stringify(policyValue)} is not an IP address or range`);
  }
  return (value) => isInIpRange(range, value);
};

const bool: MatcherOf = (policyValue) => {
  const wanted = readBoolean(policyValue);
  return (value) => value.toLowerCase() === String(wanted);
};

function readBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw new SyntaxError(`${JSON.stringify(text)} is neither true nor false`);
}

const compared =
  (
    read: (text: string) => number,
    what: string,
    holds: (value: number, wanted: number) => boolean,
  ): MatcherOf =>
  (policyValue) => {
    const wanted = read(policyValue);
    if (Number.isNaN(wanted))
      throw new SyntaxError(`${JSON.stringify(policyValue)} is not ${what}`);
    return (value) => holds(read(value), wanted);
  };

const readNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

/** ISO 8601, or seconds since the Unix epoch. */
const readDate = (text: string): number =>
  /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);

const COMPARISONS = {
  Equals: (a: number, b: number) => a === b,
  LessThan: (a: number, b: number) => a < b,
  LessThanEquals: (a: number, b: number) => a <= b,
  GreaterThan: (a: number, b: number) => a > b,
  GreaterThanEquals: (a: number, b: number) => a >= b,
};

/** By operator, without Not. */
const MATCHERS: Readonly<Record<string, MatcherOf>> = Object.assign(Object.create(null), {
  StringEquals: literally,
  StringEqualsIgnoreCase: literallyInAnyCase,
  StringLike: withWildcards,
  ArnEquals: arn,
  ArnLike: arn,
  IpAddress: ipRange,
  Bool: bool,
  ...Object.fromEntries(
    Object.entries(COMPARISONS).flatMap(([name, holds]) => [
      [`Numeric${name}`, compared(readNumber, 'a number', holds)],
      [`Date${name}`, compared(readDate, 'a date', holds)],
    ]),
  ),
});
