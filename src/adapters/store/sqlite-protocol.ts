/** What passes between `SqliteThread` and its worker. One reply for each request, in the order of the requests. */
export type SqliteRequest =
  | { readonly kind: 'open'; readonly path: string; readonly role: SqliteRole }
  | { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly SqliteValue[] }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' };

/** The writer is alone with its database: it holds the lock that keeps other processes out. */
export type SqliteRole = 'writer' | 'reader';

export type SqliteValue = null | number | bigint | string | Uint8Array;

export interface SqliteResult {
  readonly rows: readonly Readonly<Record<string, SqliteValue>>[];
  /** Rows that an insert, update or delete without RETURNING touched. */
  readonly changeCount?: number | bigint;
}

export type SqliteReply =
  | { readonly result: SqliteResult }
  | { readonly failure: { readonly message: string; readonly errorCode?: number } };
