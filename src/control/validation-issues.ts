import type * as v from 'valibot';

/** What is wrong is that it is not there. */
export function isMissingMember(issue: v.BaseIssue<unknown>): boolean {
  return issue.path?.at(-1)?.origin === 'key';
}

/** Where it is. `itemName`: of the item of a list, counted from one as AWS does. */
export function pathOf(issue: v.BaseIssue<unknown>, itemName: (number: number) => string): string {
  const path: readonly v.IssuePathItem[] = issue.path ?? [];
  return path
    .map((item) => (item.type === 'array' ? itemName(Number(item.key) + 1) : String(item.key)))
    .join('.');
}

/**
 * A caller gets its own value back, so that it finds the mistake; not a whole body of it, and one level only: a body may nest deeper
 * than the stack.
 */
export function shown(value: unknown, maxLength: number): string {
  const isNested = (member: unknown) => typeof member === 'object' && member !== null;
  const flat = (_name: string, member: unknown) =>
    member !== value && isNested(member) ? '...' : member;
  const text = typeof value === 'string' ? value : (JSON.stringify(value, flat) ?? String(value));
  return text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
}
