import { isObject, type Report, reportOthers } from '../../lib/json-members.ts';
import {
  type Condition,
  isMet,
  parseCondition,
  type RequestContext,
  splitArn,
} from './condition.ts';
import { isKnownConditionKey } from './condition-keys.ts';
import { matchesWildcard, parseWildcard, type VariableLookup, type Wildcard } from './wildcard.ts';

/**
 * An identity-based IAM policy, ready to be asked.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export interface Policy {
  readonly statements: readonly Statement[];
  /** Whether it asks for tags of the resource: they cost a look-up. */
  readonly readsResourceTags: boolean;
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: OneOf<Wildcard>;
  readonly resources: OneOf<ResourcePattern>;
  readonly conditions: readonly Condition[];
}

/** Action or NotAction, Resource or NotResource. */
interface OneOf<T> {
  readonly isNegated: boolean;
  readonly patterns: readonly T[];
}

/** The six components of an ARN, or any resource at all. */
type ResourcePattern = 'any' | readonly Wildcard[];

export interface PolicyRequest {
  /** e.g. `ivs:GetStream`. */
  readonly action: string;
  /** An ARN, or `*` where the action has no resource. */
  readonly resource: string;
  readonly context: RequestContext;
}

/** "An explicit deny in any policy overrides any allows"; what nothing allows is not allowed. */
export function isAllowedBy(policies: readonly Policy[], request: PolicyRequest): boolean {
  let isAllowed = false;
  for (const { statements } of policies) {
    for (const statement of statements) {
      // Whether it applies need not be known where it would change nothing.
      if ((statement.effect === 'Allow' && isAllowed) || !applies(statement, request)) continue;
      if (statement.effect === 'Deny') return false;
      isAllowed = true;
    }
  }
  return isAllowed;
}

function applies({ actions, resources, conditions }: Statement, request: PolicyRequest): boolean {
  const { action, resource, context } = request;
  const lookup: VariableLookup = (key) => {
    const [value, ...more] = context(key.toLowerCase()) ?? [];
    return more.length === 0 ? value : undefined;
  };
  const lowerAction = action.toLowerCase();
  const isNamed = actions.patterns.some((pattern) => matchesWildcard(pattern, lowerAction, lookup));
  if (isNamed === actions.isNegated) return false;
  const parts = splitArn(resource);
  const matches = resources.patterns.map((pattern) => matchesArn(pattern, parts, lookup));
  if (matches.includes(true) === resources.isNegated) return false;
  // What NotResource leaves out is not known where a variable has no value.
  if (resources.isNegated && matches.includes(undefined)) return false;
  return conditions.every((condition) => isMet(condition, context));
}

/** A wildcard does not reach over a colon, but for those of the last component. */
function matchesArn(
  pattern: ResourcePattern,
  parts: readonly string[],
  lookup: VariableLookup,
): boolean | undefined {
  if (pattern === 'any') return true;
  if (parts.length !== pattern.length) return false;
  const matches = pattern.map((wildcard, i) => matchesWildcard(wildcard, parts[i] ?? '', lookup));
  return matches.includes(undefined) ? undefined : !matches.includes(false);
}

/** Reads a policy document; tells `report` of everything that is wrong with it. */
export function parsePolicy(document: unknown, path: string, report: Report): Policy {
  const none: Policy = { statements: [], readsResourceTags: false };
  if (!isObject(document)) {
    report(path, 'must be a policy document, an object');
    return none;
  }
  const { Version: version = '2008-10-17', Statement: statement } = document;
  reportOthers(document, ['Version', 'Id', 'Statement'], path, report);
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    report(`${path}.Version`, `must be "2012-10-17", got ${JSON.stringify(version)}`);
  }
  const list = Array.isArray(statement) ? statement : [statement];
  const statements = list.flatMap((item, i) => {
    const itemPath = Array.isArray(statement) ? `${path}.Statement[${i}]` : `${path}.Statement`;
    return parseStatement(item, itemPath, version === '2012-10-17', report) ?? [];
  });
  const keys = statements.flatMap(({ conditions }) => conditions.map(({ key }) => key));
  // A variable reads a tag, too.
  const readsResourceTags =
    keys.some((key) => key.startsWith('aws:resourcetag/')) ||
    /\$\{\s*aws:ResourceTag\//i.test(JSON.stringify(statement) ?? '');
  return { statements, readsResourceTags };
}

function parseStatement(
  statement: unknown,
  path: string,
  hasVariables: boolean,
  report: Report,
): Statement | undefined {
  if (!isObject(statement)) {
    report(path, 'must be a statement, an object');
    return undefined;
  }
  reportOthers(
    statement,
    ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'],
    path,
    report,
  );
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') {
    report(`${path}.Effect`, `must be "Allow" or "Deny", got ${JSON.stringify(effect)}`);
    return undefined;
  }
  return {
    effect,
    actions: parseOneOf(statement, 'Action', path, report, (text) => {
      if (text !== '*' && !/^[a-z0-9-]+:[a-z0-9*?]+$/i.test(text)) {
        throw new SyntaxError(`${JSON.stringify(text)} is not an action such as "ivs:GetStream"`);
      }
      return parseWildcard(text.toLowerCase(), false);
    }),
    resources: parseOneOf(statement, 'Resource', path, report, (text) => {
      if (text === '*') return 'any';
      const parts = splitArn(text);
      if (parts.length < 6 || parts[0] !== 'arn') {
        throw new SyntaxError(`${JSON.stringify(text)} is neither an ARN nor "*"`);
      }
      return parts.map((part) => parseWildcard(part, hasVariables));
    }),
    conditions: parseConditions(statement['Condition'], `${path}.Condition`, hasVariables, report),
  };
}

function parseOneOf<T>(
  statement: Record<string, unknown>,
  name: 'Action' | 'Resource',
  path: string,
  report: Report,
  parse: (text: string) => T,
): OneOf<T> {
  const negatedName = `Not${name}`;
  const isNegated = statement[negatedName] !== undefined;
  if (isNegated === (statement[name] !== undefined)) {
    report(path, `must have either ${name} or ${negatedName}`);
    return { isNegated: false, patterns: [] };
  }
  const memberPath = `${path}.${isNegated ? negatedName : name}`;
  const texts = textsOf(statement[isNegated ? negatedName : name], memberPath, report);
  const patterns = texts.flatMap((text) => attempt(() => [parse(text)], memberPath, report) ?? []);
  return { isNegated, patterns };
}

function parseConditions(
  conditions: unknown,
  path: string,
  hasVariables: boolean,
  report: Report,
): readonly Condition[] {
  if (conditions === undefined) return [];
  if (!isObject(conditions)) {
    report(path, 'must be an object of operators');
    return [];
  }
  return Object.entries(conditions).flatMap(([operator, keys]) => {
    if (!isObject(keys)) {
      report(`${path}.${operator}`, 'must be an object of condition keys');
      return [];
    }
    return Object.entries(keys).flatMap(([key, value]) => {
      const keyPath = `${path}.${operator}.${key}`;
      if (!isKnownConditionKey(key)) report(keyPath, 'is not a condition key that Ivory knows');
      const texts = textsOf(value, keyPath, report);
      return (
        attempt(() => [parseCondition(operator, key, texts, hasVariables)], keyPath, report) ?? []
      );
    });
  });
}

/** One text or a list of at least one; numbers and booleans are written without quotes as well. */
function textsOf(value: unknown, path: string, report: Report): readonly string[] {
  const values = Array.isArray(value) ? value : [value];
  const isScalar = (item: unknown) => ['string', 'number', 'boolean'].includes(typeof item);
  if (values.length === 0 || !values.every(isScalar)) {
    report(path, 'must be a text or a list of texts');
    return [];
  }
  return values.map(String);
}

function attempt<T>(parse: () => T, path: string, report: Report): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    report(path, error.message);
    return undefined;
  }
}
