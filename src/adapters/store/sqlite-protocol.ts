/** What passes between `SqliteThread` and its worker. One reply for each request, in the order of the requests. */
export type SqliteRequest =
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly SqliteValue[] }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' };

export type SqliteRole = 'writer' | 'reader';

export interface SqliteLocation {
  readonly path: string;
  readonly role: SqliteRole;
}

export type SqliteValue = null | number | bigint | string | Uint8Array;

export interface SqliteResult {
  readonly rows: readonly Readonly<Record<string, SqliteValue>>[];
  /** Rows that an insert, update or delete without RETURNING touched. */
  readonly changeCount?: number | bigint;
}

export type SqliteReply =
  | { readonly result: SqliteResult }
  | { readonly failure: { readonly message: string; readonly errorCode?: number } };
