import { UnreadableFile } from '../domain/unreadable-file.ts';
import { systemFiles } from './durable-files.ts';

/** There is no such file, or the disk can't read what it has of it. Rights and descriptors may be there next time. */
const LOST: ReadonlySet<string> = new Set(['EIO', 'EISDIR', 'ENOENT', 'ENOTDIR']);

/** A file of the spool that a bucket is to get. Rejects with `UnreadableFile`. */
export async function readSpooledFile(
  path: string,
  { readFile } = systemFiles as Pick<typeof systemFiles, 'readFile'>,
): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UnreadableFile({ path, reason: code ?? message, isLost: isLoss(error) });
  }
}

/** Whether what was in a file is gone, going by why it can't be opened or read. */
export function isLoss(error: unknown): boolean {
  return LOST.has((error as NodeJS.ErrnoException).code ?? '');
}
