import { isInIpRange, parseIpRange } from '../domain/iam/ip-range.ts';

/** A leaf of an event. */
export type Leaf = string | number | boolean | null;
/** Whether a leaf is what a pattern asks for. */
export type ValueTest = (value: Leaf) => boolean;
/** One element of a pattern's list: a value, or an object with one operator. */
export type Element = { readonly kind: 'value'; readonly test: ValueTest } | ExistsElement;

interface ExistsElement {
  readonly kind: 'exists';
  readonly exists: boolean;
}

/** What is wrong with a pattern, and where. */
export class PatternError extends Error {
  override name = 'PatternError';
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** "Numeric matching is limited to values between -5.0e9 and +5.0e9" (EventBridge user guide). */
const MAX_NUMBER = 5e9;

/** @throws PatternError */
export function parseElement(element: unknown, path: string): Element {
  if (isLeaf(element)) return { kind: 'value', test: (value) => value === element };
  const [operator, operand] = onlyMember(element, path);
  const at = `${path}.${operator}`;
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw new PatternError(at, 'must be true or false');
    return { kind: 'exists', exists: operand };
  }
  return { kind: 'value', test: parseOperator(operator, operand, at) };
}

function parseOperator(operator: string, operand: unknown, path: string): ValueTest {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      return parseAffix(operator, operand, path);
    case 'equals-ignore-case': {
      const wanted = textOf(operand, path).toLowerCase();
      return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
    }
    case 'wildcard':
      return parseWildcard(textOf(operand, path), path);
    case 'cidr':
      return parseCidr(textOf(operand, path), path);
    case 'numeric':
      return parseNumeric(operand, path);
    case 'anything-but':
      return parseAnythingBut(operand, path);
    default:
      throw new PatternError(path, 'is not an operator of event patterns');
  }
}

function parseAffix(operator: 'prefix' | 'suffix', operand: unknown, path: string): ValueTest {
  const has = (text: string, affix: string) =>
    operator === 'prefix' ? text.startsWith(affix) : text.endsWith(affix);
  if (typeof operand === 'object') {
    const [name, text] = onlyMember(operand, path);
    if (name !== 'equals-ignore-case') throw new PatternError(`${path}.${name}`, 'is not known');
    const affix = textOf(text, `${path}.${name}`).toLowerCase();
    return (value) => typeof value === 'string' && has(value.toLowerCase(), affix);
  }
  const affix = textOf(operand, path);
  return (value) => typeof value === 'string' && has(value, affix);
}

/** `anything-but`: one value or several of one kind, or an operator on text with one operand or several. */
function parseAnythingBut(operand: unknown, path: string): ValueTest {
  if (typeof operand === 'object' && operand !== null && !Array.isArray(operand)) {
    const [operator, inner] = onlyMember(operand, path);
    if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
      throw new PatternError(`${path}.${operator}`, 'can not be within anything-but');
    }
    const tests = listOf(inner, `${path}.${operator}`).map((text, i) =>
      parseOperator(operator, text, `${path}.${operator}[${i}]`),
    );
    return (value) => !tests.some((test) => test(value));
  }
  const values: readonly unknown[] = listOf(operand, path);
  const kind = typeof values[0];
  const isOfOneKind = values.every((value) => typeof value === kind);
  if (!isOfOneKind || (kind !== 'string' && kind !== 'number')) {
    throw new PatternError(path, 'must be texts, or numbers, or an object with one operator');
  }
  return (value) => !values.includes(value);
}

function parseNumeric(operand: unknown, path: string): ValueTest {
  const parts = Array.isArray(operand) ? operand : [];
  if (parts.length !== 2 && parts.length !== 4) {
    throw new PatternError(path, 'must be a list such as [">", 0] or [">", 0, "<=", 5]');
  }
  const tests: ((value: number) => boolean)[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const limit: unknown = parts[i + 1];
    if (typeof limit !== 'number' || !(Math.abs(limit) <= MAX_NUMBER)) {
      throw new PatternError(`${path}[${i + 1}]`, `must be a number within ±${MAX_NUMBER}`);
    }
    tests.push(comparison(parts[i], limit, `${path}[${i}]`));
  }
  const [first, , second] = parts;
  if (parts.length === 4 && !(String(first).startsWith('>') && String(second).startsWith('<'))) {
    throw new PatternError(path, 'must have its lower limit first, and its upper limit second');
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function comparison(operator: unknown, limit: number, path: string): (value: number) => boolean {
  switch (operator) {
    case '=':
      return (value) => value === limit;
    case '<':
      return (value) => value < limit;
    case '<=':
      return (value) => value <= limit;
    case '>':
      return (value) => value > limit;
    case '>=':
      return (value) => value >= limit;
    default:
      throw new PatternError(path, 'must be one of = < <= > >=');
  }
}

function parseCidr(text: string, path: string): ValueTest {
  const range = text.includes('/') ? parseIpRange(text) : undefined;
  if (!range) throw new PatternError(path, 'must be a range of addresses such as 10.0.0.0/24');
  return (value) => typeof value === 'string' && isInIpRange(range, value);
}

/** `*` is any number of characters, `\*` and `\\` are themselves. */
function parseWildcard(text: string, path: string): ValueTest {
  const pieces: string[] = [''];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '*') {
      if (i > 0 && pieces.at(-1) === '' && pieces.length > 1) {
        throw new PatternError(path, 'must not have two * in a row');
      }
      pieces.push('');
      continue;
    }
    if (character === '\\') {
      i++;
      if (text.charAt(i) !== '*' && text.charAt(i) !== '\\') {
        throw new PatternError(path, 'has a \\ that is before neither * nor \\');
      }
    }
    pieces[pieces.length - 1] += text.charAt(i);
  }
  return (value) => typeof value === 'string' && matchesPieces(pieces, value);
}

/** Takes each piece where it first comes, which is as good as any later place: no going back. */
function matchesPieces(pieces: readonly string[], text: string): boolean {
  const [head = '', ...rest] = pieces;
  const tail = rest.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head)) return false;
  let position = head.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return text.length - tail.length >= position && text.endsWith(tail);
}

export function isLeaf(value: unknown): value is Leaf {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function onlyMember(value: unknown, path: string): readonly [string, unknown] {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [member] = members;
  if (Array.isArray(value) || !member || members.length > 1) {
    throw new PatternError(path, 'must be an object with one operator');
  }
  return member;
}

function listOf(value: unknown, path: string): readonly unknown[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new PatternError(path, 'must not be empty');
  return values;
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw new PatternError(path, 'must be a text');
}
