/** Tells of one mistake: where it is, and what is wrong there. */
export type Report = (path: string, problem: string) => undefined;

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The list of a file that is an object with nothing else to read: `{"targets": [...]}`. Empty where it has none. */
export function readList(text: string, member: string, report: Report): readonly unknown[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    // The parser's message quotes the text around the mistake, which may be a secret.
    report('the file', 'is not JSON');
    return [];
  }
  const entries = isObject(file) ? file[member] : undefined;
  if (Array.isArray(entries)) return entries;
  report('the file', `must be an object with a list "${member}"`);
  return [];
}

/** A name that is none of `known` is a misspelling: what it was for would be missing without a word. */
export function reportOthers(
  object: JsonObject,
  known: readonly string[],
  path: string,
  report: Report,
): void {
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) report(`${path}.${name}`, `is not one of ${known.join(', ')}`);
  }
}

/** A member that is a text in this form. `fallback`: where it is not there. */
export function readText(
  object: JsonObject,
  name: string,
  rules: {
    readonly path: string;
    readonly report: Report;
    readonly pattern: RegExp;
    readonly rule: string;
    readonly fallback?: string | undefined;
  },
): string | undefined {
  const value = object[name] ?? rules.fallback;
  if (typeof value === 'string' && rules.pattern.test(value)) return value;
  return rules.report(`${rules.path}.${name}`, rules.rule);
}
