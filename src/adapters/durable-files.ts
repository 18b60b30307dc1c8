import * as nodeFiles from 'node:fs/promises';

/** What recordings need of a file system: `node:fs/promises`, or a disk whose power a test cuts. */
export type FileSystem = Pick<
  typeof nodeFiles,
  'copyFile' | 'link' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'rm'
>;

export const systemFiles: FileSystem = nodeFiles;

/** A new name is on disk only when its directory is. */
export async function syncDirectory(path: string, files = systemFiles): Promise<void> {
  await using directory = await files.open(path, 'r');
  await directory.sync();
}

/** A new file with this content, all of it on disk; its name is not until its directory is. */
export async function writeDurably(
  path: string,
  content: Uint8Array,
  files = systemFiles,
): Promise<void> {
  await using file = await files.open(path, 'wx', 0o600);
  await file.writeFile(content);
  await file.sync();
}

/** For what may not be there. */
export function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
