/**
 * Texts with wildcards and variables, as IAM policies have them: `channel/${aws:username}-*`.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export interface Wildcard {
  readonly parts: readonly WildcardPart[];
  /** What `parts` come to, where no variable is among them. */
  readonly tokens?: {
    readonly withWildcards: readonly Token[];
    readonly literally: readonly Token[];
  };
}

type WildcardPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `*`: any number of characters. */
  | { readonly kind: 'any' }
  /** `?`: one character. */
  | { readonly kind: 'one' }
  | { readonly kind: 'variable'; readonly key: string; readonly fallback?: string };

/** The value of a variable; `undefined` where the request has none, or several. */
export type VariableLookup = (key: string) => string | undefined;

const SPECIAL = /\$\{([^{}]*)\}|[*?]/g;
/** `aws:username` or `aws:username, 'nobody'` */
const VARIABLE = /^\s*([a-z0-9-]+:[^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/i;

/** Throws `SyntaxError` on a variable that is none. `hasVariables`: `${}` is text to policies of 2008. */
export function parseWildcard(text: string, hasVariables: boolean): Wildcard {
  const parts: WildcardPart[] = [];
  let end = 0;
  for (const match of text.matchAll(SPECIAL)) {
    const [whole, variable] = match;
    if (variable !== undefined && !hasVariables) continue;
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) });
    end = match.index + whole.length;
    if (variable !== undefined) parts.push(parseVariable(variable));
    else if (whole === '?') parts.push({ kind: 'one' });
    else if (parts.at(-1)?.kind !== 'any') parts.push({ kind: 'any' });
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  if (parts.some(({ kind }) => kind === 'variable')) return { parts };
  const withWildcards = expandAll(parts, noVariables, 'with-wildcards');
  const literally = expandAll(parts, noVariables, 'literally');
  return { parts, ...(withWildcards && literally && { tokens: { withWildcards, literally } }) };
}

const noVariables: VariableLookup = () => undefined;

function parseVariable(text: string): WildcardPart {
  // `${*}`, `${?}` and `${$}` are how these characters are written without their meaning.
  if (text === '*' || text === '?' || text === '$') return { kind: 'text', text };
  const [, key, fallback] = VARIABLE.exec(text) ?? [];
  if (key === undefined) throw new SyntaxError(`\${${text}} is not a policy variable`);
  return { kind: 'variable', key, ...(fallback !== undefined && { fallback }) };
}

/** Whether all of `text` is what the wildcard says; `undefined` where a variable of it has no value. */
export function matchesWildcard(
  { parts, tokens }: Wildcard,
  text: string,
  lookup: VariableLookup,
  reading: Reading = 'with-wildcards',
): boolean | undefined {
  if (tokens)
    return matches(reading === 'literally' ? tokens.literally : tokens.withWildcards, text);
  const expanded = expandAll(parts, lookup, reading);
  return expanded && matches(expanded, text);
}

/** Whether `*` and `?` have their meaning. */
type Reading = 'with-wildcards' | 'literally';

const ANY = Symbol('*');
const ONE = Symbol('?');
/** A UTF-16 code unit, or what stands for some. */
type Token = number | typeof ANY | typeof ONE;

function expandAll(
  parts: readonly WildcardPart[],
  lookup: VariableLookup,
  reading: Reading,
): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (const part of parts) {
    const text = textOf(part, lookup, reading);
    if (text === undefined) return undefined;
    if (typeof text === 'symbol') tokens.push(text);
    else for (let i = 0; i < text.length; i++) tokens.push(text.charCodeAt(i));
  }
  return tokens;
}

function textOf(
  part: WildcardPart,
  lookup: VariableLookup,
  reading: Reading,
): string | typeof ANY | typeof ONE | undefined {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'any':
      return reading === 'literally' ? '*' : ANY;
    case 'one':
      return reading === 'literally' ? '?' : ONE;
    case 'variable':
      return lookup(part.key) ?? part.fallback;
  }
}

/**
 * Goes back to the last `*` only, so that its time is at most the product of both lengths: a regular expression's is not, and
 * the text is the caller's.
 */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let character = 0;
  let lastAny = -1;
  let resumeAt = 0;
  while (character < text.length) {
    const wanted = tokens[token];
    if (wanted === ANY) {
      lastAny = token++;
      resumeAt = character;
    } else if (wanted === ONE || wanted === text.charCodeAt(character)) {
      token++;
      character++;
    } else if (lastAny >= 0) {
      token = lastAny + 1;
      character = ++resumeAt;
    } else return false;
  }
  while (tokens[token] === ANY) token++;
  return token === tokens.length;
}
