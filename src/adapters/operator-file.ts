import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { type FileContent, WatchedFile } from './watched-file.ts';

/** A file that the operator wrote can't be used. One line for each mistake in it. */
export class OperatorFileError extends Error {
  override name = 'OperatorFileError';
}

/**
 * Hands over what is in a file with secrets, now and after every change of it, until it is disposed of. Rejects with
 * `OperatorFileError` where the file is wrong, or is not there and `isRequired`; later mistakes are logged.
 */
export async function watchOperatorFile(options: {
  /** What is in it: `access keys`. */
  readonly subject: string;
  readonly path: string;
  readonly isRequired: boolean;
  /** Takes over what the file says, or nothing of it: then returns a line for each mistake. `undefined`: there is no file. */
  readonly load: (text: string | undefined) => readonly string[];
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
}): Promise<Disposable> {
  const { subject, path, isRequired, clock, log } = options;

  const load = (content: FileContent | undefined): readonly string[] => {
    if (content === undefined && isRequired) return ['the file is not there'];
    const problems = options.load(content?.text);
    if (problems.length === 0 && content?.isOpenToOthers) {
      log.warn({ path }, `others may read the secrets in the file of ${subject}: chmod 600`);
    }
    return problems;
  };

  const { file, content } = await WatchedFile.open({
    path,
    clock,
    onChange: (changed) => {
      const problems = load(changed);
      for (const problem of problems) {
        log.error({ path }, `${subject} stay as they were: ${problem}`);
      }
      if (problems.length === 0) log.info({ path }, `took over ${subject}`);
    },
    onError: (error) => log.error({ path, err: error }, `cannot read the file of ${subject}`),
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorFileError(`cannot read the ${subject} in ${path}: ${reason}`, { cause });
  });
  const problems = load(content);
  if (problems.length > 0) {
    file[Symbol.dispose]();
    throw new OperatorFileError(
      problems.map((problem) => `cannot use the ${subject} in ${path}: ${problem}`).join('\n'),
    );
  }
  return file;
}
