/** An access key: whose it is, and the secret that its owner signs with. */
export interface AccessKey {
  /** A secret. */
  readonly secretAccessKey: string;
  readonly accountId: string;
  /** The account's own key, which no policy limits. */
  readonly isRoot: boolean;
}

export interface AccessKeys {
  find(accessKeyId: string): AccessKey | undefined;
}

/** The one key of an account's root. */
export function rootAccessKey(
  root: { readonly accessKeyId: string } & Omit<AccessKey, 'isRoot'>,
): AccessKeys {
  const { accessKeyId, secretAccessKey, accountId } = root;
  const key: AccessKey = { secretAccessKey, accountId, isRoot: true };
  return { find: (id) => (id === accessKeyId ? key : undefined) };
}
