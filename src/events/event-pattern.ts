import { type Element, isLeaf, type Leaf, PatternError, parseElement } from './value-test.ts';

/** Which events somebody wants. */
export interface EventPattern {
  matches(event: object): boolean;
}

/** "The maximum size of an event pattern is 4096 characters" (EventBridge quotas). */
const MAX_PATTERN_LENGTH = 4096;
const MAX_DEPTH = 20;

type Test = (event: unknown) => boolean;

/**
 * Reads an event pattern of EventBridge, with all of its operators.
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * @param pattern JSON as a value
 * @param path what messages call it
 * @throws PatternError that says where in the pattern what is wrong
 */
export function parseEventPattern(pattern: unknown, path = 'pattern'): EventPattern {
  const text = JSON.stringify(pattern) ?? '';
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new PatternError(
      path,
      `must have at most ${MAX_PATTERN_LENGTH} characters, got ${text.length}`,
    );
  }
  return { matches: parseObject(pattern, path, 0) };
}

function parseObject(pattern: unknown, path: string, depth: number): Test {
  if (typeof pattern !== 'object' || pattern === null || Array.isArray(pattern)) {
    throw new PatternError(path, 'must be an object');
  }
  if (depth > MAX_DEPTH) throw new PatternError(path, `is more than ${MAX_DEPTH} levels deep`);
  const members = Object.entries(pattern);
  if (members.length === 0) throw new PatternError(path, 'must not be empty');
  const tests = members.map(([name, value]) => parseMember(name, value, path, depth));
  return (event) => tests.every((test) => test(event));
}

function parseMember(name: string, value: unknown, parent: string, depth: number): Test {
  const path = `${parent}.${name}`;
  if (name === '$or') return parseOr(value, path, depth);
  if (!Array.isArray(value)) {
    if (isLeaf(value)) throw new PatternError(path, 'must be a list of values, or an object');
    const test = parseObject(value, path, depth + 1);
    // Of a list of objects one has to be all that is asked for.
    return (event) => objectsOf(memberOf(event, name)).some(test);
  }
  if (value.length === 0) throw new PatternError(path, 'must not be empty');
  const elements = value.map((element, i) => parseElement(element, `${path}[${i}]`));
  return (event) => {
    const leaves = leavesOf(memberOf(event, name));
    return elements.some((element) => isMet(element, leaves));
  };
}

function parseOr(value: unknown, path: string, depth: number): Test {
  if (!Array.isArray(value) || value.length < 2) {
    throw new PatternError(path, 'must be a list of at least two patterns');
  }
  const tests = value.map((pattern, i) => parseObject(pattern, `${path}[${i}]`, depth + 1));
  return (event) => tests.some((test) => test(event));
}

/** Of a list it takes one: "if the intersection is non-empty". */
function isMet(element: Element, leaves: readonly Leaf[]): boolean {
  if (element.kind === 'exists') return element.exists === leaves.length > 0;
  return leaves.some(element.test);
}

function memberOf(event: unknown, name: string): unknown {
  if (typeof event !== 'object' || event === null || !Object.hasOwn(event, name)) return undefined;
  return (event as Readonly<Record<string, unknown>>)[name];
}

/** An object as a value is none: "exists works on leaf nodes only". */
function leavesOf(value: unknown): readonly Leaf[] {
  return (Array.isArray(value) ? value : [value]).filter(isLeaf);
}

/** Where there is nothing, one with nothing in it: `exists: false` is true of its members. */
function objectsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value ?? {}];
}
