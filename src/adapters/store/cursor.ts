import type { Page } from '../../control/ports.ts';
import { ApiError } from '../../domain/errors.ts';

/** A row's place in a listing: its moment and, among rows of one moment, its key. Holds after the row is gone. */
export interface Position {
  readonly atMs: number;
  readonly key: string;
}

export function encodeCursor({ atMs, key }: Position): string {
  return `${atMs}/${key}`;
}

/** @throws ApiError ValidationException where the text is no cursor of ours */
export function decodeCursor(text: string): Position {
  const [, atMs, key] = /^([0-9]{1,15})\/(.{1,256})$/.exec(text) ?? [];
  if (!atMs || !key) throw new ApiError('ValidationException', 'The nextToken is not valid');
  return { atMs: Number(atMs), key };
}

/** The first `limit` of `rows`, which go on where there is one more. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  view: { item: (row: Row) => Item; position: (row: Row) => Position },
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(view.item),
    ...(last && rows.length > limit && { next: encodeCursor(view.position(last)) }),
  };
}
