import type { AccessKeyRing } from '../control/access-key-file.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { type FileContent, WatchedFile } from './watched-file.ts';

/** The file of access keys can't be used. One line for each mistake in it. */
export class AccessKeysError extends Error {
  override name = 'AccessKeysError';
}

/**
 * Fills `keys` from a file, now and after every change of it, until it is disposed of. Rejects with `AccessKeysError` where the
 * file is wrong, or is not there and `isRequired`; later mistakes are logged, and the keys stay as they were.
 */
export async function watchAccessKeys(options: {
  readonly keys: Pick<AccessKeyRing, 'load' | 'size'>;
  readonly path: string;
  readonly isRequired: boolean;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
}): Promise<Disposable> {
  const { keys, path, isRequired, clock, log } = options;

  const load = (content: FileContent | undefined): readonly string[] => {
    if (content === undefined && isRequired) return ['the file is not there'];
    const problems = keys.load(content?.text);
    if (problems.length === 0 && content?.isOpenToOthers) {
      log.warn({ path }, 'others may read the secrets in the file of access keys: chmod 600');
    }
    return problems;
  };

  const { file, content } = await WatchedFile.open({
    path,
    clock,
    onChange: (changed) => {
      const problems = load(changed);
      for (const problem of problems) {
        log.error({ path }, `access keys stay as they were: ${problem}`);
      }
      if (problems.length === 0) log.info({ path, keys: keys.size }, 'took over access keys');
    },
    onError: (error) => log.error({ path, err: error }, 'cannot read the file of access keys'),
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AccessKeysError(`cannot read the access keys in ${path}: ${reason}`, { cause });
  });
  const problems = load(content);
  if (problems.length > 0) {
    file[Symbol.dispose]();
    throw new AccessKeysError(
      problems.map((problem) => `cannot use the access keys in ${path}: ${problem}`).join('\n'),
    );
  }
  return file;
}
