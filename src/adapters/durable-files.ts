import { open } from 'node:fs/promises';

/** A new name is on disk only when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
