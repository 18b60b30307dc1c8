import type { Tenant } from '../../domain/tenant.ts';
import type { Page, PageRequest } from '../ports.ts';

interface Created {
  readonly createdAtMs: number;
  readonly arn: string;
}

export const isOf = (record: Tenant, tenant: Tenant): boolean =>
  record.accountId === tenant.accountId && record.region === tenant.region;

export const sortableCursor = (value: number): string => String(value).padStart(16, '0');

export const creationCursor = ({ createdAtMs, arn }: Created): string =>
  `${sortableCursor(createdAtMs)} ${arn}`;

export const byCreation = (a: Created, b: Created): number =>
  creationCursor(a) < creationCursor(b) ? -1 : 1;

/** Items are in the order of their cursors. */
export function pageOf<Item>(
  items: readonly Item[],
  cursorOf: (item: Item) => string,
  { limit, after = '' }: PageRequest,
): Page<Item> {
  const rest = items.filter((item) => cursorOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return rest.length > limit && last ? { items: page, next: cursorOf(last) } : { items: page };
}
