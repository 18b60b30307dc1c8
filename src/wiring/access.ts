import { join } from 'node:path';
import { type AccessKey, loadRootAccessKey } from '../adapters/data-directory.ts';
import { watchOperatorFile } from '../adapters/operator-file.ts';
import { randomBytes } from '../adapters/system.ts';
import { AccessKeyRing } from '../control/access-key-file.ts';
import { type Authenticator, SignatureAuthenticator } from '../control/authentication.ts';
import { rootAccessKey } from '../control/credentials.ts';
import { EmulatorAuthenticator } from '../control/emulator.ts';
import type { Foundation } from './foundation.ts';

/** Who may call. */
export interface Access {
  readonly rootKey: AccessKey;
  /** It was made by this start. */
  readonly isRootKeyNew: boolean;
  /** `service`: what callers sign for. */
  readonly authenticatorOf: (service: string) => Authenticator;
}

/** The root key, and the keys beside it, whose file is read again when it changes. */
export async function startAccess(foundation: Omit<Foundation, 'store'>): Promise<Access> {
  const { config, directory, clock, log, resources } = foundation;
  const { accountId } = config;
  const root = config.rootAccessKey
    ? { key: config.rootAccessKey, isNew: false }
    : await loadRootAccessKey(directory, randomBytes);
  const accessKeys = new AccessKeyRing(rootAccessKey({ ...root.key, accountId }), accountId);
  resources.use(
    await watchOperatorFile({
      subject: 'access keys',
      load: (text) => accessKeys.load(text),
      path: config.accessKeysFile ?? join(directory.path, 'access-keys.json'),
      isRequired: config.accessKeysFile !== undefined,
      clock,
      log,
    }),
  );
  return {
    rootKey: root.key,
    isRootKeyNew: root.isNew,
    authenticatorOf: (service) =>
      config.isEmulator
        ? new EmulatorAuthenticator({ accessKeys, accountId, ...publicHost(config) })
        : new SignatureAuthenticator(accessKeys, clock, service),
  };
}

/** By which pages of Ivory's own are known. */
export function publicHost({ publicUrl }: Pick<Foundation['config'], 'publicUrl'>): {
  readonly publicHost?: string;
} {
  return publicUrl === undefined ? {} : { publicHost: new URL(publicUrl).host };
}
