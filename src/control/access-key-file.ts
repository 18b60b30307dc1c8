import { rootOf, userOf } from '../domain/access.ts';
import { parsePolicy } from '../domain/iam/policy.ts';
import { isObject, type Report, readList, readText, reportOthers } from '../lib/json-members.ts';
import type { AccessKey, AccessKeys } from './credentials.ts';

/** AWS's own shape of an access key id (IAM, AccessKey: 16 to 128 of [\w]); SDKs and proxies check it. */
const ACCESS_KEY_ID = /^\w{16,128}$/;
const SECRET = /^[\x21-\x7e]{8,128}$/;
const ACCOUNT_ID = /^[0-9]{12}$/;
/** IAM, User: UserName. */
const USER_NAME = /^[\w+=,.@-]{1,64}$/;

const MEMBERS = ['accessKeyId', 'secretAccessKey', 'accountId', 'userName', 'root', 'policies'];

/**
 * Reads a file of access keys, which `docs/access-keys.md` describes: by id, or one line for everything that is wrong with it.
 * No line holds a secret. `accountId`: of keys that name none.
 */
export function parseAccessKeyFile(
  text: string,
  accountId: string,
): { readonly keys: ReadonlyMap<string, AccessKey>; readonly problems: readonly string[] } {
  const keys = new Map<string, AccessKey>();
  const problems: string[] = [];
  const report: Report = (path, problem) => void problems.push(`${path} ${problem}`);
  const entries = readList(text, 'accessKeys', report);
  for (const [i, entry] of entries.entries()) {
    const path = `accessKeys[${i}]`;
    const read = readKey(entry, accountId, path, report);
    if (!read) continue;
    if (keys.has(read.id)) report(`${path}.accessKeyId`, `${read.id} is there twice`);
    keys.set(read.id, read.key);
  }
  return { keys, problems };
}

function readKey(
  entry: unknown,
  defaultAccountId: string,
  path: string,
  report: Report,
): { id: string; key: AccessKey } | undefined {
  if (!isObject(entry)) return report(path, 'must be an object');
  reportOthers(entry, MEMBERS, path, report);
  const text = (name: string, pattern: RegExp, rule: string, fallback?: string) =>
    readText(entry, name, { path, report, pattern, rule, fallback });
  const id = text('accessKeyId', ACCESS_KEY_ID, 'must be 16 to 128 letters, digits or _');
  const secretAccessKey = text(
    'secretAccessKey',
    SECRET,
    'must be 8 to 128 printable ASCII characters without spaces',
  );
  const accountId = text('accountId', ACCOUNT_ID, 'must be 12 digits', defaultAccountId);
  const isRoot = entry['root'] ?? false;
  if (typeof isRoot !== 'boolean') report(`${path}.root`, 'must be true or false');
  if (isRoot === true) {
    if (entry['userName'] !== undefined || entry['policies'] !== undefined) {
      report(path, 'is of root, which has no userName and which no policies limit');
    }
    if (!id || !secretAccessKey || !accountId) return undefined;
    return { id, key: { secretAccessKey, principal: rootOf(accountId) } };
  }
  const userName = text('userName', USER_NAME, 'must be 1 to 64 letters, digits or _+=,.@-');
  const documents = entry['policies'];
  if (!Array.isArray(documents)) report(`${path}.policies`, 'must be a list of policy documents');
  const policies = (Array.isArray(documents) ? documents : []).map((document, i) =>
    parsePolicy(document, `${path}.policies[${i}]`, report),
  );
  if (!id || !secretAccessKey || !accountId || !userName) return undefined;
  return { id, key: { secretAccessKey, principal: userOf(accountId, userName, policies) } };
}

/** Root's key, and those of a file that may change. */
export class AccessKeyRing implements AccessKeys {
  readonly #root: AccessKeys;
  readonly #accountId: string;
  #others: ReadonlyMap<string, AccessKey> = new Map();

  constructor(root: AccessKeys, accountId: string) {
    this.#root = root;
    this.#accountId = accountId;
  }

  find(accessKeyId: string): AccessKey | undefined {
    return this.#root.find(accessKeyId) ?? this.#others.get(accessKeyId);
  }

  /**
   * Takes the keys of a file in the place of those of the file before; where the file is wrong, keeps those and returns what
   * is wrong, a line for each mistake. `undefined`: there is no file.
   */
  load(text: string | undefined): readonly string[] {
    const { keys, problems } = parseAccessKeyFile(text ?? '{"accessKeys":[]}', this.#accountId);
    const taken = [...keys.keys()].filter((id) => this.#root.find(id));
    const all = [...problems, ...taken.map((id) => `${id} is the root access key of this server`)];
    if (all.length === 0) this.#others = keys;
    return all;
  }
}
