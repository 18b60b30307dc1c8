import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Keeps other processes out of the database in the file `path`, which it makes where there is none, until it is disposed.
 *
 * It is an exclusive transaction that never ends, in a second, empty database: a file lock that the kernel takes back when the
 * process dies, however it dies.
 */
export function lockDatabase(path: string): Disposable {
  const lockPath = `${path}-lock`;
  createPrivateLockFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    createPrivateFile(path);
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Exclusively: one that is there may be locked by this very process, and is not opened. What else is wrong SQLite says. */
function createPrivateLockFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch {}
}

/**
 * SQLite gives its other files the mode of the first. Not without the lock, and before anything has it open: POSIX drops a
 * process's locks on a file when any descriptor of it is closed.
 */
function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}
