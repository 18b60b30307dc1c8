import { type Principal, rootOf } from '../domain/access.ts';

/** An access key: who signs with it, and the secret that it is signed with. */
export interface AccessKey {
  /** A secret. */
  readonly secretAccessKey: string;
  readonly principal: Principal;
}

export interface AccessKeys {
  find(accessKeyId: string): AccessKey | undefined;
}

/** The one key of an account's root. */
export function rootAccessKey(root: {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
}): AccessKeys {
  const { accessKeyId, secretAccessKey, accountId } = root;
  const key: AccessKey = { secretAccessKey, principal: rootOf(accountId) };
  return { find: (id) => (id === accessKeyId ? key : undefined) };
}
